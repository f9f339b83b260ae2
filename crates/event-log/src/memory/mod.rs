//! The log in memory: the plainest thing that keeps every promise of the port but durability. For
//! tests, and for events that are decided before there is a log.

mod append;
mod read;

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use async_trait::async_trait;
use uuid::Uuid;

use crate::{
    Append, AppendError, Appended, Claim, EventLog, Head, LogIdentity, Position, PositionOrder, ReadError,
    RecordedEvent, Revision, StreamName,
};

/// An event log that forgets everything when it is dropped.
pub struct MemoryLog {
    identity: LogIdentity,
    contents: Mutex<Contents>,
    head: Head,
}

/// Everything the log holds. The event at position N lies at index N − 1.
#[derive(Default)]
struct Contents {
    events: Vec<RecordedEvent>,
    streams: HashMap<StreamName, Vec<usize>>,
    ids: HashMap<Uuid, usize>,
    claims: HashMap<Claim, StreamName>,
}

impl MemoryLog {
    /// An empty log with an identity.
    #[must_use]
    pub fn new(identity: LogIdentity) -> Self {
        Self { identity, contents: Mutex::default(), head: Head::new(Position::START) }
    }

    fn contents(&self) -> MutexGuard<'_, Contents> {
        // Contents change by one final extension, so a panic elsewhere cannot leave them half changed.
        self.contents.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl EventLog for MemoryLog {
    fn identity(&self) -> LogIdentity {
        self.identity
    }

    fn order(&self) -> PositionOrder {
        PositionOrder::Dense
    }

    async fn append(&self, append: Append) -> Result<Appended, AppendError> {
        let mut contents = self.contents();
        let appended = contents.append(append)?;
        self.head.advance(contents.head());
        Ok(appended)
    }

    async fn read(&self, after: Position, limit: usize) -> Result<Vec<RecordedEvent>, ReadError> {
        Ok(self.contents().read(after, limit))
    }

    async fn read_stream(
        &self,
        stream: &StreamName,
        from: Revision,
    ) -> Result<Vec<RecordedEvent>, ReadError> {
        Ok(self.contents().read_stream(stream, from))
    }

    async fn find(&self, id: Uuid) -> Result<Option<RecordedEvent>, ReadError> {
        Ok(self.contents().find(id))
    }

    async fn head(&self) -> Result<Position, ReadError> {
        Ok(self.contents().head())
    }

    async fn wait(&self, after: Position, patience: Duration) -> Result<Position, ReadError> {
        // Running out of patience is no error: the head is known either way.
        let _ = self.head.past(after, patience).await;
        self.head().await
    }
}
