use std::{sync::Arc, time::Instant};

use keyledger_event_log::{CheckpointLost, Position, ReadError};

use crate::{ProjectionError, Unbelievable};

/// How far a projector has come.
#[derive(Clone, Debug)]
pub struct Progress {
    /// The last position that the projection holds.
    pub position: Position,
    /// What the projector is doing.
    pub state: State,
    /// When the log was last asked with the outcome that the projection holds everything in it; none before the first
    /// time. A log that does not answer, and events that are still to be applied, let it stand.
    pub heard_at: Option<Instant>,
}

/// What a projector is doing.
#[derive(Clone, Debug)]
pub enum State {
    /// It has not reached the head of the log yet, or not again since it was cut off.
    CatchingUp,
    /// It has reached the head, and takes in what comes at once.
    Live,
    /// The log or the model does not answer, for this reason; it is tried again and again.
    CutOff(Arc<str>),
    /// It met what nobody may read past, and will not go on.
    Stopped(Arc<StopReason>),
    /// It was asked to end.
    Ended,
}

impl State {
    /// Whether nothing more will come.
    #[must_use]
    pub fn is_over(&self) -> bool {
        matches!(self, Self::Stopped(_) | Self::Ended)
    }
}

/// What a projector does not go on after.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StopReason {
    /// The log is not the one that the projection was made from.
    #[error(transparent)]
    CheckpointLost(#[from] CheckpointLost),
    /// The log has a gap, or is damaged.
    #[error(transparent)]
    Log(#[from] ReadError),
    /// An event is forged, altered, moved, or of another log.
    #[error(transparent)]
    Unbelievable(#[from] Unbelievable),
    /// The projection refused an event, or cannot keep its model.
    #[error(transparent)]
    Projection(#[from] ProjectionError),
    /// The projection panicked, which is a fault of this program.
    #[error(
        "the projection panicked: this is a fault of keyledger, please report it with the log lines before"
    )]
    Panicked,
}

impl StopReason {
    /// What is waited for, where trying again may help.
    #[must_use]
    pub fn passing(&self) -> Option<String> {
        match self {
            Self::Log(error @ ReadError::Unavailable(_))
            | Self::CheckpointLost(CheckpointLost::Unreadable(error @ ReadError::Unavailable(_))) => {
                Some(error.to_string())
            }
            Self::Projection(error @ ProjectionError::Unavailable(_)) => Some(error.to_string()),
            _ => None,
        }
    }
}
