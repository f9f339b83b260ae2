//! The log on KurrentDB keeps the promises of the port.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use keyledger_event_log::{
    Append, AppendError, Appended, EventLog, LogIdentity, Position, PositionOrder, ReadError, RecordedEvent,
    Revision, StreamName, contract_suite,
};
use uuid::Uuid;

use crate::Scene;

contract_suite!(|identity| async move { Arc::new(Scene::new(identity).await) }, without one index of ids);

/// The log of the scene, whose server goes with it.
#[async_trait]
impl EventLog for Scene {
    fn identity(&self) -> LogIdentity {
        self.log.identity()
    }
    fn order(&self) -> PositionOrder {
        self.log.order()
    }
    async fn append(&self, append: Append) -> Result<Appended, AppendError> {
        self.log.append(append).await
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
