use std::{
    io,
    path::{Path, PathBuf},
};

use keyledger_event_log::{Checkpoint, LogIdentity};
use rusqlite::Connection;

use crate::{
    ApplyError, Change, Contents, OpenError, PartnerKeysReader, ReadModelError, apply, digest, open,
};

/// The keys of every partner: the half that writes. There is one for each file.
pub struct PartnerKeys {
    path: PathBuf,
    log: LogIdentity,
    db: Connection,
    checkpoint: Checkpoint,
}

impl PartnerKeys {
    /// Opens the read model of a log, and makes it where there is none. Blocks for some milliseconds.
    ///
    /// # Errors
    /// [`OpenError`], saying what to do; [`OpenError::AnotherLog`] where the rows were made from another one.
    pub fn open(path: impl AsRef<Path>, log: LogIdentity) -> Result<Self, OpenError> {
        let path = path.as_ref();
        let (db, checkpoint) = open::to_write(path, log)?;
        Ok(Self { path: path.to_owned(), log, db, checkpoint })
    }

    /// Removes the read model at `path`, for a rebuild from nothing. Nobody may have it open.
    ///
    /// # Errors
    /// Where a file is there and cannot be removed.
    pub fn remove(path: impl AsRef<Path>) -> io::Result<()> {
        open::remove(path.as_ref())
    }

    /// The last event that the rows hold.
    #[must_use]
    pub fn checkpoint(&self) -> &Checkpoint {
        &self.checkpoint
    }

    /// Takes in the events that follow the checkpoint, in order: all of them and the checkpoint, or nothing. Blocks.
    ///
    /// # Errors
    /// [`ApplyError`]; after [`ReadModelError::Unavailable`] the same events may be brought again.
    pub fn apply<'a>(&mut self, changes: impl IntoIterator<Item = Change<'a>>) -> Result<(), ApplyError> {
        self.checkpoint = apply::apply(&mut self.db, &self.checkpoint, changes)?;
        Ok(())
    }

    /// What the rows hold, as a digest. Reads all of them.
    ///
    /// # Errors
    /// [`ReadModelError`].
    pub fn contents(&self) -> Result<Contents, ReadModelError> {
        digest::contents(&self.db)
    }

    /// The half that answers.
    ///
    /// # Errors
    /// As [`PartnerKeysReader::open`].
    pub fn reader(&self) -> Result<PartnerKeysReader, OpenError> {
        PartnerKeysReader::open(&self.path, self.log)
    }
}
