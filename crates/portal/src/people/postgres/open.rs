use keyledger_database_url::{DatabaseUrl, Tables};
use sqlx::PgConnection;

use super::Database;
use crate::people::{Keys, OpenError, People, store::Store};

/// Where the tables lie.
pub(super) const SCHEMA: &str = "keyledger_portal";

/// "klpp", and that it is about making tables.
const MAKING: (i32, i32) = (1_802_268_784, 3);

const TABLES: Tables = Tables {
    schema: SCHEMA,
    migrations: &[("people", include_str!("../../../../../migrations/postgres/portal/0001_people.sql"))],
    lock: MAKING,
};

impl People {
    /// Opens the tables in a database, whose rows these keys seal, brings them to this build's version, and makes them where
    /// there are none. Only the owner of the tables may change them, and who works with them need not be it.
    ///
    /// # Errors
    /// [`OpenError`].
    pub fn open_in(url: &DatabaseUrl, keys: Keys) -> Result<Self, OpenError> {
        let place = url.to_string();
        let unusable = |why: String| OpenError::Unusable { place: place.clone(), why };
        let database = Database::new(url).map_err(|error| unusable(error.to_string()))?;
        database.wait(async {
            let failed = |error: sqlx::Error| unusable(error.to_string());
            let mut db = database.connect().await.map_err(failed)?;
            let (found, known) = (Tables::found(&mut db).await.map_err(failed)?, TABLES.known());
            match usize::try_from(found) {
                Ok(version) if version == known => {}
                Ok(version) if version < known => {
                    let made = TABLES.make(database.connect_to_make().await.map_err(failed)?).await;
                    made.map_err(|error| OpenError::Schema { place: place.clone(), why: error.to_string() })?;
                }
                _ => return Err(OpenError::Newer { place: place.clone(), found, known }),
            }
            match not_durable(&mut db).await.map_err(failed)? {
                None => Ok(()),
                Some(setting) => Err(OpenError::NotDurable { place: place.clone(), setting }),
            }
        })?;
        Ok(Self { store: Store::Database(database), keys })
    }
}

/// What of the server's settings lets a power cut take committed rows away.
async fn not_durable(db: &mut PgConnection) -> sqlx::Result<Option<&'static str>> {
    for setting in ["fsync", "full_page_writes"] {
        let found: String =
            sqlx::query_scalar("SELECT current_setting($1)").bind(setting).fetch_one(&mut *db).await?;
        if found != "on" {
            return Ok(Some(setting));
        }
    }
    Ok(None)
}
