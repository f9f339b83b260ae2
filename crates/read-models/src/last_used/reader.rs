use std::path::Path;

use keyledger_domain::{Prefix, Timestamp};
use rusqlite::OptionalExtension;

use super::LastUsedError;
use crate::pool::Pool;

/// When secrets were last used: the half that answers. Clones share their connections. It blocks.
#[derive(Clone)]
pub struct LastUsedReader(Pool);

impl LastUsedReader {
    /// Reads the table at `path`, which need not be there before it is asked.
    #[must_use]
    pub fn new(path: impl AsRef<Path>) -> Self {
        Self(Pool::new(path.as_ref()))
    }

    /// For each of these prefixes the minute in which it was last used; none where the table knows of none. Costs a step
    /// for each.
    ///
    /// # Errors
    /// [`LastUsedError`].
    pub fn last_used(&self, prefixes: &[Prefix]) -> Result<Vec<Option<Timestamp>>, LastUsedError> {
        self.0.ask(|db| {
            let mut statement = db.prepare_cached("SELECT minute FROM last_used WHERE prefix = ?1")?;
            let minutes = prefixes
                .iter()
                .map(|prefix| statement.query_row([prefix.as_str()], |row| row.get(0)).optional())
                .collect::<rusqlite::Result<Vec<_>>>()?;
            Ok(minutes.into_iter().map(|minute| minute.map(Timestamp::from_minutes)).collect())
        })
    }
}
