use keyledger_domain::envelope::Event;
use keyledger_event_log::{Checkpoint, Position};
use rusqlite::{Connection, TransactionBehavior};

use crate::{ReadModelError, batch::Batch, checkpoint};

/// An event to take in. Whoever brings it has checked that it is authentic.
#[derive(Clone, Copy, Debug)]
pub struct Change<'a> {
    /// Where it stands in the log.
    pub position: Position,
    /// Its authentication code, for the checkpoint.
    pub mac: &'a [u8],
    /// What it says.
    pub event: &'a Event,
}

/// Why events were not taken in. Nothing of them was.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ApplyError {
    /// An event does not follow the last one of its stream: one was taken out, or put in.
    #[error(
        "at position {position} stands revision {found} of {stream}, and {} was expected: events were taken out or put in",
        held.map_or(0, |held| held + 1)
    )]
    MissingRevision {
        /// Where the event stands.
        position: Position,
        /// Its stream.
        stream: String,
        /// The last revision of the stream that the rows hold; none where they hold nothing of it.
        held: Option<u64>,
        /// The revision that came.
        found: u64,
    },
    /// An event does not lie behind the one before it.
    #[error("an event of position {found} was brought behind position {held}")]
    NotBehind {
        /// The last position before it.
        held: Position,
        /// Its position.
        found: Position,
    },
    /// Somebody else writes to the file.
    #[error("another process writes to this read model: end it, and start again")]
    AnotherWriter,
    /// The rows cannot be read or written.
    #[error(transparent)]
    Model(#[from] ReadModelError),
}

impl From<rusqlite::Error> for ApplyError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Model(error.into())
    }
}

/// Takes in the events that follow `held`, in one transaction, and answers with the checkpoint they lead to.
pub(crate) fn apply<'a>(
    db: &mut Connection,
    held: &Checkpoint,
    changes: impl IntoIterator<Item = Change<'a>>,
) -> Result<Checkpoint, ApplyError> {
    // The lock is taken at once: two writers then wait for one another, and do not fail halfway.
    let transaction = db.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let mut batch = Batch::new(&transaction);
    let mut last = None;
    let mut position = held.position;
    for change in changes {
        if change.position <= position {
            return Err(ApplyError::NotBehind { held: position, found: change.position });
        }
        position = change.position;
        batch.take_in(position, change.event)?;
        last = Some(change);
    }
    let Some(last) = last else { return Ok(held.clone()) };
    batch.write()?;
    let reached = Checkpoint { position, mac: last.mac.to_vec() };
    if !checkpoint::advance(&transaction, held, &reached)? {
        return Err(ApplyError::AnotherWriter);
    }
    transaction.commit()?;
    Ok(reached)
}
