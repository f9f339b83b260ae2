use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use async_trait::async_trait;
use keyledger_event_log::{
    Append, AppendError, Appended, EventLog, LogIdentity, MemoryLog, Position, PositionOrder, ReadError,
    RecordedEvent, Revision, StreamName,
};
use uuid::Uuid;

/// The first events of a registry, decided before there is a log that could be half begun.
pub(super) struct Draft {
    log: MemoryLog,
    appends: Mutex<Vec<Append>>,
}

impl Draft {
    /// Nothing was decided yet.
    pub(super) fn of(identity: LogIdentity) -> Self {
        Self { log: MemoryLog::new(identity), appends: Mutex::default() }
    }

    /// What was decided, in its order.
    pub(super) fn appends(&self) -> Vec<Append> {
        self.appends.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

#[async_trait]
impl EventLog for Draft {
    fn identity(&self) -> LogIdentity {
        self.log.identity()
    }

    fn order(&self) -> PositionOrder {
        self.log.order()
    }

    async fn append(&self, append: Append) -> Result<Appended, AppendError> {
        let appended = self.log.append(append.clone()).await?;
        self.appends.lock().unwrap_or_else(PoisonError::into_inner).push(append);
        Ok(appended)
    }

    async fn read(&self, after: Position, limit: usize) -> Result<Vec<RecordedEvent>, ReadError> {
        self.log.read(after, limit).await
    }

    async fn read_stream(
        &self,
        stream: &StreamName,
        from: Revision,
    ) -> Result<Vec<RecordedEvent>, ReadError> {
        self.log.read_stream(stream, from).await
    }

    async fn find(&self, id: Uuid) -> Result<Option<RecordedEvent>, ReadError> {
        self.log.find(id).await
    }

    async fn head(&self) -> Result<Position, ReadError> {
        self.log.head().await
    }

    async fn wait(&self, after: Position, patience: Duration) -> Result<Position, ReadError> {
        self.log.wait(after, patience).await
    }
}
