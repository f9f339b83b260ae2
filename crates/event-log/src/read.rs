use crate::Position;

/// Why the log could not be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReadError {
    /// The store did not answer; asking again later may help.
    #[error("the log cannot be read: {0}")]
    Unavailable(String),
    /// A dense order has a hole: events are missing. Nobody may read past it.
    #[error("events are missing: after position {after} the log continues at {found}")]
    Gap {
        /// The last position that was read.
        after: Position,
        /// The position that came instead of the next one.
        found: Position,
    },
    /// The store holds something that cannot be an event.
    #[error("the log is damaged: {0}")]
    Damaged(String),
}
