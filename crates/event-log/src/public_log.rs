use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use uuid::Uuid;

use crate::{
    Append, AppendError, Appended, EventLog, LogIdentity, Position, PositionOrder, ReadError, RecordedEvent,
    Revision, StreamName,
};

/// A log for readers whose words leave the registry: it drops the private part of every event as if it had been
/// purged, and takes no events. Whoever is given one cannot tell what it does not know.
pub struct PublicLog(Arc<dyn EventLog>);

impl PublicLog {
    /// What of `log` may leave the registry.
    #[must_use]
    pub fn of(log: Arc<dyn EventLog>) -> Self {
        Self(log)
    }
}

fn without_private(event: RecordedEvent) -> RecordedEvent {
    RecordedEvent { private: Vec::new(), ..event }
}

#[async_trait]
impl EventLog for PublicLog {
    fn identity(&self) -> LogIdentity {
        self.0.identity()
    }

    fn order(&self) -> PositionOrder {
        self.0.order()
    }

    async fn append(&self, _: Append) -> Result<Appended, AppendError> {
        Err(AppendError::Unavailable("this reader was given the public parts only".to_owned()))
    }

    async fn read(&self, after: Position, limit: usize) -> Result<Vec<RecordedEvent>, ReadError> {
        Ok(self.0.read(after, limit).await?.into_iter().map(without_private).collect())
    }

    async fn read_stream(
        &self,
        stream: &StreamName,
        from: Revision,
    ) -> Result<Vec<RecordedEvent>, ReadError> {
        Ok(self.0.read_stream(stream, from).await?.into_iter().map(without_private).collect())
    }

    async fn find(&self, id: Uuid) -> Result<Option<RecordedEvent>, ReadError> {
        Ok(self.0.find(id).await?.map(without_private))
    }

    async fn head(&self) -> Result<Position, ReadError> {
        self.0.head().await
    }

    async fn wait(&self, after: Position, patience: Duration) -> Result<Position, ReadError> {
        self.0.wait(after, patience).await
    }
}
