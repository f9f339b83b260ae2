use std::path::Path;

use keyledger_event_log::{Checkpoint, LogIdentity};
use rusqlite::Connection;

use crate::{Contents, OpenError, ReadModelError, checkpoint, digest, open, pool::Pool};

/// The keys of every partner: the half that answers, also beside another process that writes. Every answer is of one
/// moment. Clones share their connections. Every method blocks on the disk.
#[derive(Clone)]
pub struct PartnerKeysReader(Pool);

impl PartnerKeysReader {
    /// Opens the read model of a log to read it.
    ///
    /// # Errors
    /// [`OpenError`], saying what to do.
    pub fn open(path: impl AsRef<Path>, log: LogIdentity) -> Result<Self, OpenError> {
        let path = path.as_ref();
        let db = open::to_read(path, log)?;
        Ok(Self(Pool::new(path).with(db)))
    }

    /// The last event that the rows hold.
    ///
    /// # Errors
    /// [`ReadModelError`].
    pub fn checkpoint(&self) -> Result<Checkpoint, ReadModelError> {
        let found = self.ask(|db| Ok(checkpoint::read(db)?))?;
        found
            .map(|(_, checkpoint)| checkpoint)
            .ok_or_else(|| ReadModelError::Damaged("it has no checkpoint".to_owned()))
    }

    /// What the rows hold, as a digest. Reads all of them.
    ///
    /// # Errors
    /// [`ReadModelError`].
    pub fn contents(&self) -> Result<Contents, ReadModelError> {
        self.ask(digest::contents)
    }

    /// Asks on a connection of its own.
    pub(crate) fn ask<T>(
        &self,
        question: impl FnOnce(&Connection) -> Result<T, ReadModelError>,
    ) -> Result<T, ReadModelError> {
        self.0.ask(question)
    }
}
