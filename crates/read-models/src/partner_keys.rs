use std::{io, path::Path, time::Instant};

use keyledger_event_log::{Checkpoint, LogIdentity};

use crate::{
    ApplyError, Change, Contents, Database, OpenError, PartnerKeysReader, ReadModelError, apply, postgres,
    sqlite,
};

/// The keys of every partner: the half that writes. Every method blocks.
///
/// There is one for each file. For a database there may be many: one of them writes, under a lease that ends with its
/// connection, and the others stand by. To each of them an event is taken in once the rows hold it, whoever wrote it.
pub struct PartnerKeys(pub(crate) Writer);

/// Where the rows are.
pub(crate) enum Writer {
    /// In a file.
    File(Box<sqlite::Writer>),
    /// In a database.
    Database(Box<postgres::Writer>),
}

impl PartnerKeys {
    /// Opens the read model of a log in a file, and makes it where there is none. Takes some milliseconds.
    ///
    /// # Errors
    /// [`OpenError`], saying what to do; [`OpenError::AnotherLog`] where the rows were made from another one.
    pub fn open(path: impl AsRef<Path>, log: LogIdentity) -> Result<Self, OpenError> {
        Ok(Self(Writer::File(Box::new(sqlite::Writer::open(path.as_ref(), log)?))))
    }

    /// Opens the read model of a log in a database, and makes it where there is none.
    ///
    /// # Errors
    /// As [`PartnerKeys::open`].
    pub fn open_in(database: &Database, log: LogIdentity) -> Result<Self, OpenError> {
        Ok(Self(Writer::Database(Box::new(postgres::Writer::open(database, log)?))))
    }

    /// Removes the read model at `path`, for a rebuild from nothing. Nobody may have it open.
    ///
    /// # Errors
    /// Where a file is there and cannot be removed.
    pub fn remove(path: impl AsRef<Path>) -> io::Result<()> {
        sqlite::remove(path.as_ref())
    }

    /// The last event that was taken in.
    #[must_use]
    pub fn checkpoint(&self) -> &Checkpoint {
        match &self.0 {
            Writer::File(file) => &file.checkpoint,
            Writer::Database(database) => &database.checkpoint,
        }
    }

    /// Takes in the events that follow the checkpoint, in order: all of them and the checkpoint, or nothing.
    ///
    /// # Errors
    /// [`ApplyError`]; after [`ReadModelError::Unavailable`] go on behind [`checkpoint`](Self::checkpoint), which a database
    /// that lost its last moments may have put back.
    pub fn apply<'a>(&mut self, changes: impl IntoIterator<Item = Change<'a>>) -> Result<(), ApplyError> {
        let changes = apply::in_order(self.checkpoint().position, changes)?;
        match &mut self.0 {
            Writer::File(file) => file.apply(&changes),
            Writer::Database(database) => database.apply(&changes),
        }
    }

    /// Keeps the lease on rows in a database, or looks whether it is free; and whether the rows still hold what was taken
    /// in: where the database lost its last moments, the checkpoint goes back to what is left. Whoever takes in nothing for
    /// a while calls it all the same, or loses the lease.
    pub fn keep(&mut self, at: Instant) {
        if let Writer::Database(database) = &mut self.0 {
            database.keep(at);
        }
    }

    /// What the rows hold, as a digest. Reads all of them.
    ///
    /// # Errors
    /// [`ReadModelError`].
    pub fn contents(&self) -> Result<Contents, ReadModelError> {
        match &self.0 {
            Writer::File(file) => file.contents(),
            Writer::Database(database) => database.contents(),
        }
    }

    /// The half that answers.
    ///
    /// # Errors
    /// As [`PartnerKeysReader::open`].
    pub fn reader(&self) -> Result<PartnerKeysReader, OpenError> {
        match &self.0 {
            Writer::File(file) => file.reader(),
            Writer::Database(database) => database.reader(),
        }
    }
}
