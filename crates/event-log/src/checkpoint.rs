use crate::{EventLog, Position, ReadError};

/// How far a reader has come: the position and the authentication code of the last event it holds. The code lets the
/// reader notice that the log it meets again is not the one it read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Checkpoint {
    /// The last position the reader holds.
    pub position: Position,
    /// The code of the event there; empty at [`Position::START`].
    pub mac: Vec<u8>,
}

/// Why a log is not the one that a checkpoint was taken from.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CheckpointLost {
    /// The log ends before it: its end was cut off, or an older copy was put in its place.
    #[error(
        "the log does not hold position {0}, which was read before: its end was cut off, or an older copy lies in its place"
    )]
    Missing(Position),
    /// The log holds another event there.
    #[error("the log holds another event at position {0} than the one read before: its past was changed")]
    Different(Position),
    /// The log could not be asked.
    #[error(transparent)]
    Unreadable(#[from] ReadError),
}

impl Checkpoint {
    /// Before the first event.
    #[must_use]
    pub fn start() -> Self {
        Self::default()
    }

    /// Asks `log` whether it still holds the last event this checkpoint saw.
    ///
    /// # Errors
    /// [`CheckpointLost`]: the reader must not go on from here.
    pub async fn confirm(&self, log: &dyn EventLog) -> Result<(), CheckpointLost> {
        let Some(before) = self.position.get().checked_sub(1) else { return Ok(()) };
        match log.read(Position::new(before), 1).await?.first() {
            Some(event) if event.position == self.position && event.mac == self.mac => Ok(()),
            Some(_) => Err(CheckpointLost::Different(self.position)),
            None => Err(CheckpointLost::Missing(self.position)),
        }
    }
}
