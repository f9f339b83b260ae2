use keyledger_database_url::Tables;
use keyledger_event_log::LogIdentity;
use sqlx::{PgConnection, migrate::MigrateError};

use super::Database;
use crate::{OpenError, ReadModelError, checkpoint, value::Row};

/// Where tables lie. None of their statements names it: the connections do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Schema {
    /// The lists that are read.
    Lists,
    /// Those that are made anew beside.
    Next,
    /// When secrets were last used.
    LastUsed,
}

/// One migration for each schema version, in order; a released one is never edited.
const LISTS: &[(&str, &str)] =
    &[("partner keys", include_str!("../../../../migrations/postgres/read-models/0001_partner_keys.sql"))];

/// As above.
const LAST_USED: &[(&str, &str)] =
    &[("last used", include_str!("../../../../migrations/postgres/last-used/0001_last_used.sql"))];

/// The lock of those who make tables.
const MAKING: i32 = 3;

/// "klrm": the first half of every lock of the read models.
pub(super) const LOCKS: i32 = 1_802_269_293;

impl Schema {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Lists => "keyledger_lists",
            Self::Next => "keyledger_lists_next",
            Self::LastUsed => "keyledger_last_used",
        }
    }

    const fn tables(self) -> Tables {
        let migrations = match self {
            Self::Lists | Self::Next => LISTS,
            Self::LastUsed => LAST_USED,
        };
        Tables { schema: self.name(), migrations, lock: (LOCKS, MAKING) }
    }
}

/// Makes a schema where there is none and brings it to this build's version.
pub(super) async fn migrate(database: &Database, schema: Schema) -> Result<(), MigrateError> {
    // It may take its time.
    schema.tables().make(database.connect(schema, &[]).await?).await
}

/// Refuses tables that this build cannot work with; tells whether they have to be made or brought up to date.
pub(super) async fn is_current(
    database: &Database,
    schema: Schema,
    db: &mut PgConnection,
) -> Result<Option<i64>, OpenError> {
    let found = Tables::found(db).await.map_err(|error| unusable(database, error))?;
    let known = schema.tables().known();
    match usize::try_from(found) {
        Ok(version) if version == known => Ok(None),
        Ok(version) if version < known => Ok(Some(found)),
        _ => Err(OpenError::Newer { place: database.to_string(), found, known }),
    }
}

/// Looks whether there are lists of a log that this build can read.
pub(crate) fn to_read(database: &Database, log: LogIdentity) -> Result<(), OpenError> {
    let place = || database.to_string();
    database.wait(async {
        let failed = |error| unusable(database, error);
        let mut db = database.connect(Schema::Lists, &[]).await.map_err(failed)?;
        match is_current(database, Schema::Lists, &mut db).await? {
            None => {}
            Some(0) => return Err(OpenError::Missing { place: place() }),
            Some(_) => return Err(OpenError::Earlier { place: place() }),
        }
        match identified(&mut db, checkpoint::CHECKPOINT.postgres).await {
            Ok(Some((found, _))) if found == log => Ok(()),
            Ok(Some((found, _))) => Err(OpenError::AnotherLog { place: place(), found, wanted: log }),
            Ok(None) => Err(OpenError::Missing { place: place() }),
            Err(error) => Err(unusable(database, error)),
        }
    })
}

/// What the row of the checkpoint says, by a statement that asks for it.
pub(super) async fn identified(
    db: &mut PgConnection,
    sql: &'static str,
) -> Result<Option<checkpoint::Identified>, ReadModelError> {
    let row = sqlx::query(sql).fetch_optional(db).await?;
    let row: Option<Row> = row.as_ref().map(super::questions::values).transpose()?;
    row.as_ref().map(checkpoint::of_row).transpose()
}

pub(super) fn unusable(
    database: &Database,
    source: impl Into<Box<dyn std::error::Error + Send + Sync>>,
) -> OpenError {
    OpenError::Unusable { place: database.to_string(), source: source.into() }
}
