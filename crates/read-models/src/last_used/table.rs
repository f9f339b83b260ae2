use std::{fs::OpenOptions, io, os::unix::fs::OpenOptionsExt, path::Path};

use keyledger_domain::{Prefix, Timestamp};
use rusqlite::Connection;

use super::{LastUsedError, schema};
use crate::{connection, open};

/// A minute that is not later than the one there changes nothing: neither clocks that were turned back nor a process that
/// was told less take a use away.
const RECORD: &str = "
    INSERT INTO last_used (prefix, minute) VALUES (?1, ?2)
    ON CONFLICT (prefix) DO UPDATE SET minute = excluded.minute WHERE excluded.minute > last_used.minute";

/// When secrets were last used: the half that writes. There is one for each file. It blocks.
pub struct LastUsedTable {
    db: Connection,
}

impl LastUsedTable {
    /// Opens the table at `path`, and makes it where there is none, for nobody but the owner (0600).
    ///
    /// # Errors
    /// [`LastUsedError`].
    pub fn open(path: impl AsRef<Path>) -> Result<Self, LastUsedError> {
        let path = path.as_ref();
        // SQLite takes an empty file for a new database.
        OpenOptions::new().append(true).create(true).mode(0o600).open(path)?;
        let mut db = connection::to_write(path)?;
        schema::check(&db)?;
        connection::let_others_read(&db)?;
        schema::migrate(&mut db)?;
        Ok(Self { db })
    }

    /// Removes the table at `path`, to make it anew. No [`LastUsedTable`] may have it open.
    ///
    /// # Errors
    /// Where a file is there and cannot be removed.
    pub fn remove(path: impl AsRef<Path>) -> io::Result<()> {
        open::remove(path.as_ref())
    }

    /// Keeps when secrets were used, cut off to the minute, in one transaction. Never takes a time back.
    ///
    /// # Errors
    /// [`LastUsedError`]; then the table is as it was, and the same may be brought again.
    pub fn record(&mut self, mut used: Vec<(Prefix, Timestamp)>) -> Result<(), LastUsedError> {
        if used.is_empty() {
            return Ok(());
        }
        // In the order of the table, so that each of its pages is visited once.
        used.sort_unstable();
        let transaction = self.db.transaction()?;
        {
            let mut record = transaction.prepare_cached(RECORD)?;
            for (prefix, at) in used {
                record.execute((prefix.as_str(), at.minutes()))?;
            }
        }
        Ok(transaction.commit()?)
    }
}
