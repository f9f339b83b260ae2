use std::time::Duration;

use async_trait::async_trait;
use uuid::Uuid;

use crate::{
    Append, AppendError, Appended, LogIdentity, Position, PositionOrder, ReadError, RecordedEvent, Revision,
    StreamName,
};

/// One order of events, for any number of writers and readers.
///
/// What every adapter promises, and the contract suite proves:
/// - an acknowledged append is durable;
/// - positions strictly increase and become visible in order: who has read position N will never see a smaller one
///   appear;
/// - an append is refused unless its first event carries the stream's next revision;
/// - an event id is recorded once: the same bytes again are acknowledged again with the first position, other bytes
///   are refused;
/// - a claim is held by one stream for ever.
#[async_trait]
pub trait EventLog: Send + Sync + 'static {
    /// Which log this is.
    fn identity(&self) -> LogIdentity;

    /// Whether positions have no gaps.
    fn order(&self) -> PositionOrder;

    /// Records the events of one stream together.
    ///
    /// # Errors
    /// [`AppendError`]: a refusal (nothing was recorded), or an unknown outcome.
    async fn append(&self, append: Append) -> Result<Appended, AppendError>;

    /// Records several appends one behind the other, each on its own; a store with transactions takes many into one. Of the
    /// first that fails the error is told, and those behind it may be recorded all the same.
    ///
    /// # Errors
    /// As [`EventLog::append`].
    async fn append_in_order(&self, appends: Vec<Append>) -> Result<Vec<Appended>, AppendError> {
        let mut appended = Vec::with_capacity(appends.len());
        for append in appends {
            appended.push(self.append(append).await?);
        }
        Ok(appended)
    }

    /// At most `limit` events after a position, in order; none at the head. `limit` is at least 1.
    ///
    /// # Errors
    /// [`ReadError`] where the store does not answer or is damaged.
    async fn read(&self, after: Position, limit: usize) -> Result<Vec<RecordedEvent>, ReadError>;

    /// The events of one stream from a revision on, in order; none where the stream ends before it.
    ///
    /// # Errors
    /// As [`EventLog::read`].
    async fn read_stream(&self, stream: &StreamName, from: Revision)
    -> Result<Vec<RecordedEvent>, ReadError>;

    /// The event with this id, if its append claimed [`Claim::event`](crate::Claim::event). A store may know ids that
    /// nobody claimed; no caller may count on it.
    ///
    /// # Errors
    /// As [`EventLog::read`].
    async fn find(&self, id: Uuid) -> Result<Option<RecordedEvent>, ReadError>;

    /// The position of the last event; [`Position::START`] where there is none.
    ///
    /// # Errors
    /// As [`EventLog::read`].
    async fn head(&self) -> Result<Position, ReadError>;

    /// Waits until there is an event after `position`, at most for `patience`, and returns the head then. An answer
    /// proves that the store could be asked at that moment, also where nothing came.
    ///
    /// # Errors
    /// As [`EventLog::read`].
    async fn wait(&self, after: Position, patience: Duration) -> Result<Position, ReadError>;
}
