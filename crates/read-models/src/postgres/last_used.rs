use std::collections::HashMap;

use keyledger_domain::{Prefix, Timestamp};
use sqlx::PgConnection;

use super::{
    Database,
    questions::{Reading, values},
    schema::{self, Schema},
};
use crate::{LastUsedError, OpenError, ReadModelError};

/// A minute that is not later than the one there changes nothing, whichever process wrote it.
const RECORD: &str = "
    INSERT INTO last_used (prefix, minute) SELECT * FROM unnest($1::text[], $2::bigint[])
    ON CONFLICT (prefix) DO UPDATE SET minute = excluded.minute WHERE excluded.minute > last_used.minute";

/// The half that writes, of one process of many.
pub(crate) struct Writer {
    database: Database,
    /// None: a new one is made with the next writing.
    db: Option<PgConnection>,
}

impl Writer {
    /// Opens the table, and makes it where there is none.
    pub(crate) fn open(database: &Database) -> Result<Self, LastUsedError> {
        let db = database.wait(async {
            let mut db = connect(database).await.map_err(ReadModelError::from)?;
            match schema::is_current(database, Schema::LastUsed, &mut db).await {
                Ok(None) => {}
                Ok(Some(_)) => {
                    let made = schema::migrate(database, Schema::LastUsed).await;
                    made.map_err(|error| LastUsedError::Unavailable(error.to_string()))?;
                }
                Err(OpenError::Newer { found, known, .. }) => {
                    return Err(LastUsedError::Newer { found, known });
                }
                Err(error) => return Err(LastUsedError::Unavailable(error.to_string())),
            }
            Ok(db)
        })?;
        Ok(Self { database: database.clone(), db: Some(db) })
    }

    /// Keeps minutes, of which each prefix has one, in one transaction.
    pub(crate) fn record(&mut self, used: &[(Prefix, u32)]) -> Result<(), LastUsedError> {
        let (prefixes, minutes): (Vec<_>, Vec<_>) =
            used.iter().map(|(prefix, minute)| (prefix.as_str().to_owned(), i64::from(*minute))).unzip();
        let database = self.database.clone();
        let done = database.wait(async {
            let db = match &mut self.db {
                Some(db) => db,
                none => none.insert(connect(&self.database).await?),
            };
            sqlx::query(RECORD).bind(prefixes).bind(minutes).execute(db).await
        });
        done.map(|_| ()).map_err(|error| {
            self.let_go();
            ReadModelError::from(error).into()
        })
    }

    fn let_go(&mut self) {
        let db = self.db.take();
        self.database.wait(async move { drop(db) });
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.let_go();
    }
}

async fn connect(database: &Database) -> sqlx::Result<PgConnection> {
    database.connect(Schema::LastUsed, &[("statement_timeout", "10s"), ("synchronous_commit", "off")]).await
}

/// For each prefix its minute, by one question.
pub(crate) fn last_used(
    database: &Database,
    prefixes: &[Prefix],
) -> Result<Vec<Option<Timestamp>>, LastUsedError> {
    let names: Vec<_> = prefixes.iter().map(|prefix| prefix.as_str().to_owned()).collect();
    let Reading { db: Some(db), .. } = &mut database.reading()? else { return Ok(Vec::new()) };
    let sql = "SELECT prefix, minute FROM keyledger_last_used.last_used WHERE prefix = ANY($1)";
    let rows =
        database.wait(sqlx::query(sql).bind(names).fetch_all(&mut **db)).map_err(ReadModelError::from)?;
    let mut minutes = HashMap::new();
    for row in &rows {
        let row = values(row)?;
        minutes.insert(row.parsed(0, |text| Prefix::parse(text.as_bytes()))?, row.natural::<u32>(1)?);
    }
    Ok(prefixes.iter().map(|prefix| minutes.get(prefix).copied().map(Timestamp::from_minutes)).collect())
}
