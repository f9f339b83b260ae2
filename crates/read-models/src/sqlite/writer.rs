use std::path::{Path, PathBuf};

use keyledger_event_log::{Checkpoint, LogIdentity};
use rusqlite::{Connection, TransactionBehavior};

use super::{Pool, open, write};
use crate::{
    ApplyError, Change, Contents, OpenError, PartnerKeysReader, ReadModelError, batch, digest, reader::Source,
};

/// The half that writes, in a file. There is one for each file.
pub(crate) struct Writer {
    path: PathBuf,
    log: LogIdentity,
    db: Connection,
    pub(crate) checkpoint: Checkpoint,
}

impl Writer {
    pub(crate) fn open(path: &Path, log: LogIdentity) -> Result<Self, OpenError> {
        let (db, checkpoint) = open::to_write(path, log)?;
        Ok(Self { path: path.to_owned(), log, db, checkpoint })
    }

    /// Takes the changes in, in one transaction.
    pub(crate) fn apply(&mut self, changes: &[Change<'_>]) -> Result<(), ApplyError> {
        let Some(last) = changes.last() else { return Ok(()) };
        let failed = ReadModelError::from;
        // The lock is taken at once: two writers then wait for one another, and do not fail halfway.
        let transaction =
            self.db.transaction_with_behavior(TransactionBehavior::Immediate).map_err(failed)?;
        let held = write::held(&transaction, batch::touched(changes))?;
        write::write(&transaction, &batch::fold(held, changes)?)?;
        let reached = last.checkpoint();
        if !write::advance(&transaction, &self.checkpoint, &reached).map_err(failed)? {
            return Err(ApplyError::AnotherWriter);
        }
        transaction.commit().map_err(failed)?;
        self.checkpoint = reached;
        Ok(())
    }

    pub(crate) fn contents(&self) -> Result<Contents, ReadModelError> {
        contents(&self.db)
    }

    pub(crate) fn reader(&self) -> Result<PartnerKeysReader, OpenError> {
        let db = open::to_read(&self.path, self.log)?;
        Ok(PartnerKeysReader(Source::File(Pool::new(&self.path).with(db))))
    }
}

/// Reads everything, as of one moment.
pub(crate) fn contents(db: &Connection) -> Result<Contents, ReadModelError> {
    at_one_moment(db, |moment| digest::contents(moment))
}

/// Asks several questions of one moment.
pub(crate) fn at_one_moment<T>(
    db: &Connection,
    ask: impl FnOnce(&mut &Connection) -> Result<T, ReadModelError>,
) -> Result<T, ReadModelError> {
    let moment = db.unchecked_transaction()?;
    ask(&mut &*moment)
}
