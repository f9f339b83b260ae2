//! A log that fails when it is told to.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex},
    time::Duration,
};

use async_trait::async_trait;
use keyledger_event_log::{
    Append, AppendError, Appended, EventLog, LogIdentity, MemoryLog, Position, PositionOrder, ReadError,
    RecordedEvent, Revision, StreamName,
};
use tokio::sync::Semaphore;
use uuid::Uuid;

/// What happens to one append.
pub(crate) enum Trouble {
    /// It is refused, for certain.
    Unavailable,
    /// It is recorded, and nobody is told.
    AnswerLost,
    /// It is lost, and nobody is told.
    AppendLost,
    /// It waits for a permit.
    Held(Arc<Semaphore>),
    /// It comes after everybody else had a turn.
    Slow,
    /// None.
    Through,
}

/// The log in memory, with troubles for the appends to come, in their order.
pub(crate) struct TroubledLog {
    pub(crate) memory: MemoryLog,
    pub(crate) troubles: Mutex<VecDeque<Trouble>>,
}

impl TroubledLog {
    pub(crate) fn new(identity: LogIdentity) -> Self {
        Self { memory: MemoryLog::new(identity), troubles: Mutex::default() }
    }

    pub(crate) fn plan(&self, troubles: impl IntoIterator<Item = Trouble>) {
        self.troubles.lock().expect("no test panics while it plans").extend(troubles);
    }

    fn next(&self) -> Trouble {
        let mut troubles = self.troubles.lock().expect("no test panics while it plans");
        troubles.pop_front().unwrap_or(Trouble::Through)
    }
}

#[async_trait]
impl EventLog for TroubledLog {
    fn identity(&self) -> LogIdentity {
        self.memory.identity()
    }
    fn order(&self) -> PositionOrder {
        self.memory.order()
    }
    async fn append(&self, append: Append) -> Result<Appended, AppendError> {
        match self.next() {
            Trouble::Unavailable => return Err(AppendError::Unavailable("it is down".to_owned())),
            Trouble::AppendLost => return Err(AppendError::OutcomeUnknown("the line was cut".to_owned())),
            Trouble::AnswerLost => {
                self.memory.append(append).await?;
                return Err(AppendError::OutcomeUnknown("the line was cut".to_owned()));
            }
            Trouble::Held(permits) => permits.acquire().await.expect("it is never closed").forget(),
            Trouble::Slow => {
                for _ in 0..100 {
                    tokio::task::yield_now().await;
                }
            }
            Trouble::Through => {}
        }
        self.memory.append(append).await
    }
    async fn read(&self, after: Position, limit: usize) -> Result<Vec<RecordedEvent>, ReadError> {
        self.memory.read(after, limit).await
    }
    async fn read_stream(
        &self,
        stream: &StreamName,
        from: Revision,
    ) -> Result<Vec<RecordedEvent>, ReadError> {
        self.memory.read_stream(stream, from).await
    }
    async fn find(&self, id: Uuid) -> Result<Option<RecordedEvent>, ReadError> {
        self.memory.find(id).await
    }
    async fn head(&self) -> Result<Position, ReadError> {
        self.memory.head().await
    }
    async fn wait(&self, after: Position, patience: Duration) -> Result<Position, ReadError> {
        self.memory.wait(after, patience).await
    }
}
