//! A part of a log that is a log by itself: one server can keep one log, and each promise wants a new one. What a test calls
//! `key-1` is another stream for each, and so is each id and each claim; what others append meanwhile it does not see.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use keyledger_event_log::{
    Append, AppendError, Appended, Claim, EventLog, LogIdentity, Position, PositionOrder, ReadError,
    RecordedEvent, Revision, StreamName,
};
use keyledger_event_log_kurrentdb::KurrentLog;
use keyledger_tests::random_bytes;
use uuid::Uuid;

/// A part of a log.
pub(crate) struct Apart {
    log: Arc<KurrentLog>,
    /// What distinguishes it from every other part.
    part: Uuid,
    /// Where the log ended before.
    begin: Position,
}

impl Apart {
    pub(crate) async fn of(log: Arc<KurrentLog>) -> Self {
        let begin = log.head().await.expect("a head");
        Self { log, part: Uuid::from_bytes(random_bytes()), begin }
    }

    /// There and back.
    fn id(&self, id: Uuid) -> Uuid {
        Uuid::from_u128(id.as_u128() ^ self.part.as_u128())
    }

    fn stream(&self, stream: &StreamName) -> StreamName {
        let name = stream.as_str().strip_prefix("key-").expect("the promises are about keys");
        StreamName::new(format!("key-{}-{name}", self.part))
    }

    fn stream_back(&self, stream: &StreamName) -> Option<StreamName> {
        let name = stream.as_str().strip_prefix(&format!("key-{}-", self.part))?;
        Some(StreamName::new(format!("key-{name}")))
    }

    fn claim(&self, claim: &Claim) -> Claim {
        match claim.as_str().strip_prefix("event-").and_then(|id| id.parse().ok()) {
            Some(id) => Claim::event(self.id(id)),
            None => Claim::new(format!("{claim}-{}", self.part)),
        }
    }

    fn back(&self, event: RecordedEvent) -> Option<RecordedEvent> {
        Some(RecordedEvent { stream: self.stream_back(&event.stream)?, id: self.id(event.id), ..event })
    }

    fn error_back(&self, error: AppendError, claims: &[Claim]) -> AppendError {
        match error {
            AppendError::Conflict { stream, decided_for, last } => AppendError::Conflict {
                stream: self.stream_back(&stream).expect("its own"),
                decided_for,
                last,
            },
            AppendError::EventIdTaken(id) => AppendError::EventIdTaken(self.id(id)),
            AppendError::ClaimTaken(taken) => {
                let claim = claims.iter().find(|claim| self.claim(claim) == taken);
                AppendError::ClaimTaken(claim.expect("it was claimed").clone())
            }
            other => other,
        }
    }
}

#[async_trait]
impl EventLog for Apart {
    fn identity(&self) -> LogIdentity {
        self.log.identity()
    }

    fn order(&self) -> PositionOrder {
        self.log.order()
    }

    async fn append(&self, mut append: Append) -> Result<Appended, AppendError> {
        let claims = append.claims.clone();
        append.stream = self.stream(&append.stream);
        append.claims = claims.iter().map(|claim| self.claim(claim)).collect();
        for event in &mut append.events {
            event.id = self.id(event.id);
        }
        self.log.append(append).await.map_err(|error| self.error_back(error, &claims))
    }

    async fn read(&self, after: Position, limit: usize) -> Result<Vec<RecordedEvent>, ReadError> {
        let (mut after, mut events) = (after.max(self.begin), Vec::new());
        loop {
            let more = self.log.read(after, 1_000).await?;
            let Some(last) = more.last() else { return Ok(events) };
            after = last.position;
            events.extend(more.into_iter().filter_map(|event| self.back(event)));
            if events.len() >= limit {
                events.truncate(limit);
                return Ok(events);
            }
        }
    }

    async fn read_stream(
        &self,
        stream: &StreamName,
        from: Revision,
    ) -> Result<Vec<RecordedEvent>, ReadError> {
        let events = self.log.read_stream(&self.stream(stream), from).await?;
        Ok(events.into_iter().filter_map(|event| self.back(event)).collect())
    }

    async fn find(&self, id: Uuid) -> Result<Option<RecordedEvent>, ReadError> {
        Ok(self.log.find(self.id(id)).await?.and_then(|event| self.back(event)))
    }

    async fn head(&self) -> Result<Position, ReadError> {
        let events = self.read(Position::START, usize::MAX).await?;
        Ok(events.last().map_or(Position::START, |event| event.position))
    }

    async fn wait(&self, after: Position, patience: Duration) -> Result<Position, ReadError> {
        let deadline = tokio::time::Instant::now() + patience;
        let mut seen = after.max(self.begin);
        loop {
            let head = self.head().await?;
            let left = deadline.saturating_duration_since(tokio::time::Instant::now());
            if head > after || left.is_zero() {
                return Ok(head);
            }
            seen = self.log.wait(seen, left).await?.max(seen);
        }
    }
}
