use std::{fs::OpenOptions, os::unix::fs::OpenOptionsExt, path::Path};

use keyledger_domain::{Prefix, Timestamp};
use rusqlite::{Connection, OptionalExtension};

use super::{Pool, connection, last_used_schema as schema};
use crate::LastUsedError;

/// A minute that is not later than the one there changes nothing: neither clocks that were turned back nor a process that
/// was told less take a use away.
const RECORD: &str = "
    INSERT INTO last_used (prefix, minute) VALUES (?1, ?2)
    ON CONFLICT (prefix) DO UPDATE SET minute = excluded.minute WHERE excluded.minute > last_used.minute";

/// The half that writes.
pub(crate) struct File(Connection);

impl File {
    /// Opens the table at `path`, and makes it where there is none, for nobody but the owner (0600).
    pub(crate) fn open(path: &Path) -> Result<Self, LastUsedError> {
        // SQLite takes an empty file for a new database.
        OpenOptions::new().append(true).create(true).mode(0o600).open(path)?;
        let mut db = connection::to_write(path)?;
        schema::check(&db)?;
        connection::let_others_read(&db)?;
        schema::migrate(&mut db)?;
        Ok(Self(db))
    }

    /// Keeps minutes, of which each prefix has one, in one transaction.
    pub(crate) fn record(&mut self, used: &[(Prefix, u32)]) -> Result<(), LastUsedError> {
        let transaction = self.0.transaction()?;
        {
            let mut record = transaction.prepare_cached(RECORD)?;
            for (prefix, minute) in used {
                record.execute((prefix.as_str(), minute))?;
            }
        }
        Ok(transaction.commit()?)
    }
}

/// For each prefix its minute. Costs a step for each.
pub(crate) fn last_used(pool: &Pool, prefixes: &[Prefix]) -> Result<Vec<Option<Timestamp>>, LastUsedError> {
    pool.ask(|db| {
        let mut statement = db.prepare_cached("SELECT minute FROM last_used WHERE prefix = ?1")?;
        let minutes = prefixes
            .iter()
            .map(|prefix| statement.query_row([prefix.as_str()], |row| row.get(0)).optional())
            .collect::<rusqlite::Result<Vec<_>>>()?;
        Ok(minutes.into_iter().map(|minute| minute.map(Timestamp::from_minutes)).collect())
    })
}
