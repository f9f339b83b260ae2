use std::path::Path;

use keyledger_domain::{Prefix, Timestamp};

use super::LastUsedError;
use crate::{Database, postgres, reader::Source, sqlite};

/// When secrets were last used: the half that answers. Clones share their connections. It blocks.
#[derive(Clone)]
pub struct LastUsedReader(Source);

impl LastUsedReader {
    /// Reads the table at `path`, which need not be there before it is asked.
    #[must_use]
    pub fn new(path: impl AsRef<Path>) -> Self {
        Self(Source::File(sqlite::Pool::new(path.as_ref())))
    }

    /// Reads the table in a database, which need not be there before it is asked.
    #[must_use]
    pub fn in_database(database: &Database) -> Self {
        Self(Source::Database(database.clone()))
    }

    /// For each of these prefixes the minute in which it was last used; none where the table knows of none.
    ///
    /// # Errors
    /// [`LastUsedError`].
    pub fn last_used(&self, prefixes: &[Prefix]) -> Result<Vec<Option<Timestamp>>, LastUsedError> {
        match &self.0 {
            Source::File(pool) => sqlite::last_used(pool, prefixes),
            Source::Database(database) => postgres::last_used(database, prefixes),
        }
    }
}
