use std::path::Path;

use keyledger_event_log::{Checkpoint, LogIdentity};

use crate::{
    Contents, Database, OpenError, ReadModelError, checkpoint, postgres,
    question::{Ask as _, Question},
    sqlite,
    value::{Row, Value},
};

/// The keys of every partner: the half that answers, also beside another process that writes. Every answer is of one
/// moment. Clones share their connections. Every method blocks, on the disk or on the way to the database.
#[derive(Clone)]
pub struct PartnerKeysReader(pub(crate) Source);

/// Where the rows are.
#[derive(Clone)]
pub(crate) enum Source {
    /// In a file.
    File(sqlite::Pool),
    /// In a database.
    Database(Database),
}

impl PartnerKeysReader {
    /// Opens the read model of a log that is a file, to read it.
    ///
    /// # Errors
    /// [`OpenError`], saying what to do.
    pub fn open(path: impl AsRef<Path>, log: LogIdentity) -> Result<Self, OpenError> {
        let path = path.as_ref();
        let db = sqlite::to_read(path, log)?;
        Ok(Self(Source::File(sqlite::Pool::new(path).with(db))))
    }

    /// Opens the read model of a log that is in a database, to read it.
    ///
    /// # Errors
    /// [`OpenError`], saying what to do.
    pub fn open_in(database: &Database, log: LogIdentity) -> Result<Self, OpenError> {
        postgres::to_read(database, log)?;
        Ok(Self(Source::Database(database.clone())))
    }

    /// The last event that the rows hold.
    ///
    /// # Errors
    /// [`ReadModelError`].
    pub fn checkpoint(&self) -> Result<Checkpoint, ReadModelError> {
        let found = self.ask(checkpoint::CHECKPOINT, &[], checkpoint::of_row)?.pop();
        found.map(|(_, checkpoint)| checkpoint).ok_or_else(checkpoint::missing)
    }

    /// What the rows hold, as a digest. Reads all of them.
    ///
    /// # Errors
    /// [`ReadModelError`].
    pub fn contents(&self) -> Result<Contents, ReadModelError> {
        match &self.0 {
            Source::File(pool) => pool.ask(sqlite::contents),
            Source::Database(database) => postgres::contents(database),
        }
    }

    /// Asks on a connection of its own.
    pub(crate) fn ask<T>(
        &self,
        question: Question,
        with: &[Value],
        read: impl Fn(&Row) -> Result<T, ReadModelError>,
    ) -> Result<Vec<T>, ReadModelError> {
        match &self.0 {
            Source::File(pool) => pool.ask(|mut db| db.ask(question, with, read)),
            Source::Database(database) => database.reading()?.ask(question, with, read),
        }
    }
}
