use std::{io, path::Path};

use keyledger_domain::{Prefix, Timestamp};

use super::LastUsedError;
use crate::{Database, postgres, sqlite};

/// When secrets were last used: the half that writes. There is one for each file, and as many as there are processes for a
/// database. It blocks.
pub struct LastUsedTable(Table);

enum Table {
    File(sqlite::LastUsedFile),
    Database(postgres::LastUsedWriter),
}

impl LastUsedTable {
    /// Opens the table at `path`, and makes it where there is none, for nobody but the owner (0600).
    ///
    /// # Errors
    /// [`LastUsedError`].
    pub fn open(path: impl AsRef<Path>) -> Result<Self, LastUsedError> {
        Ok(Self(Table::File(sqlite::LastUsedFile::open(path.as_ref())?)))
    }

    /// Opens the table in a database, and makes it where there is none.
    ///
    /// # Errors
    /// [`LastUsedError`].
    pub fn open_in(database: &Database) -> Result<Self, LastUsedError> {
        Ok(Self(Table::Database(postgres::LastUsedWriter::open(database)?)))
    }

    /// Removes the table at `path`, to make it anew. No [`LastUsedTable`] may have it open.
    ///
    /// # Errors
    /// Where a file is there and cannot be removed.
    pub fn remove(path: impl AsRef<Path>) -> io::Result<()> {
        sqlite::remove(path.as_ref())
    }

    /// Keeps when secrets were used, cut off to the minute, in one transaction. Never takes a time back.
    ///
    /// # Errors
    /// [`LastUsedError`]; then the table is as it was, and the same may be brought again.
    pub fn record(&mut self, used: Vec<(Prefix, Timestamp)>) -> Result<(), LastUsedError> {
        if used.is_empty() {
            return Ok(());
        }
        let mut used: Vec<_> = used.into_iter().map(|(prefix, at)| (prefix, at.minutes())).collect();
        // In the order of the table, so that each of its pages is visited once, and processes that write at once wait for
        // one another in one order. Of a prefix that comes twice the later minute stays.
        used.sort_unstable_by_key(|(prefix, minute)| (*prefix, std::cmp::Reverse(*minute)));
        used.dedup_by_key(|(prefix, _)| *prefix);
        match &mut self.0 {
            Table::File(file) => file.record(&used),
            Table::Database(database) => database.record(&used),
        }
    }
}
