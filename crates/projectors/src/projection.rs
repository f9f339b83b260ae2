use std::time::Instant;

use keyledger_event_log::{Checkpoint, Position};

use crate::CheckedEvent;

/// A function from events to a read model, with the model it has made so far.
///
/// The model and its checkpoint change together or not at all: whatever moment a process is killed at, what is found
/// afterwards is the model of exactly the events up to [`Projection::checkpoint`].
pub trait Projection: Send + 'static {
    /// What it is called in metrics, logs and commands: lower case, words joined by underscores.
    fn name(&self) -> &'static str;

    /// The last event it holds. Where the model is in a store that may lose its last moments, as a database does that ends
    /// without a word, this goes back to what is left once the projection has noticed; it is then gone on with from there.
    fn checkpoint(&self) -> Checkpoint;

    /// Takes in the events that follow the checkpoint, in order; all of them or none. It may block.
    ///
    /// An event with [`Body::Unreadable`](keyledger_domain::event::Body::Unreadable) is taken in too: its key denies.
    ///
    /// # Errors
    /// [`ProjectionError`]. After [`ProjectionError::Unavailable`] the same events are brought again; any other stops
    /// the projector for good.
    fn apply(&mut self, events: &[CheckedEvent]) -> Result<(), ProjectionError>;

    /// The log was asked at this moment, and the projection holds everything that was in it. Called often, and
    /// cheap: how stale a model is, is measured from here.
    fn heard(&mut self, _at: Instant) {}

    /// A digest of the whole model, without its checkpoint: two that hold the same events have the same, however
    /// they came to hold them. It may block, and take as long as reading the model does.
    ///
    /// # Errors
    /// [`ProjectionError`] where the model cannot be read.
    fn digest(&self) -> Result<[u8; 32], ProjectionError>;
}

/// Why a projection did not take in events.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProjectionError {
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
        /// The last revision of the stream that the projection holds; none where it holds nothing of it.
        held: Option<u64>,
        /// The revision that came.
        found: u64,
    },
    /// The model cannot be written at the moment (a full disk, a lock); trying again later may help.
    #[error("the model cannot be written: {0}")]
    Unavailable(String),
    /// The model cannot be gone on with.
    #[error("{0}")]
    Failed(String),
}
