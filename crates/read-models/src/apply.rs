use keyledger_domain::envelope::Event;
use keyledger_event_log::{Checkpoint, Position};

use crate::ReadModelError;

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

impl Change<'_> {
    /// The checkpoint behind it.
    pub(crate) fn checkpoint(&self) -> Checkpoint {
        Checkpoint { position: self.position, mac: self.mac.to_vec() }
    }
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
    /// Somebody else writes to the rows, who is not kept away by the lock or the lease of their store.
    #[error("another process writes to this read model: end it, and start again")]
    AnotherWriter,
    /// The rows cannot be read or written.
    #[error(transparent)]
    Model(#[from] ReadModelError),
}

/// The changes, where each lies behind the one before it and the first behind `held`.
pub(crate) fn in_order<'a>(
    held: Position,
    changes: impl IntoIterator<Item = Change<'a>>,
) -> Result<Vec<Change<'a>>, ApplyError> {
    let mut position = held;
    let checked = changes.into_iter().map(|change| {
        if change.position <= position {
            return Err(ApplyError::NotBehind { held: position, found: change.position });
        }
        position = change.position;
        Ok(change)
    });
    checked.collect()
}
