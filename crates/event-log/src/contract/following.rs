//! Promises about catching up and staying live.
#![allow(missing_docs, reason = "the name of each promise is its documentation")]

use std::{
    future::Future,
    sync::Arc,
    time::{Duration, Instant},
};

use async_trait::async_trait;
use uuid::Uuid;

use super::append;
use crate::{
    Append, AppendError, Appended, EventLog, LogIdentity, Position, PositionOrder, ReadError, RecordedEvent,
    Revision, StreamName, Subscription,
};

/// Any log as a `dyn EventLog`, so that an adapter may hand over its own type or a trait object.
pub(super) struct AsDyn<L: ?Sized>(pub(super) Arc<L>);

#[async_trait]
impl<L: EventLog + ?Sized> EventLog for AsDyn<L> {
    fn identity(&self) -> LogIdentity {
        self.0.identity()
    }
    fn order(&self) -> PositionOrder {
        self.0.order()
    }
    async fn append(&self, append: Append) -> Result<Appended, AppendError> {
        self.0.append(append).await
    }
    async fn read(&self, after: Position, limit: usize) -> Result<Vec<RecordedEvent>, ReadError> {
        self.0.read(after, limit).await
    }
    async fn read_stream(
        &self,
        stream: &StreamName,
        from: Revision,
    ) -> Result<Vec<RecordedEvent>, ReadError> {
        self.0.read_stream(stream, from).await
    }
    async fn find(&self, id: Uuid) -> Result<Option<RecordedEvent>, ReadError> {
        self.0.find(id).await
    }
    async fn head(&self) -> Result<Position, ReadError> {
        self.0.head().await
    }
    async fn wait(&self, after: Position, patience: Duration) -> Result<Position, ReadError> {
        self.0.wait(after, patience).await
    }
}

/// Runs futures as tasks of their own and waits for all of them.
pub(super) async fn all<T: Send + 'static>(
    futures: impl Iterator<Item = impl Future<Output = T> + Send + 'static>,
) -> Vec<T> {
    let tasks: Vec<_> = futures.map(tokio::spawn).collect();
    let mut outcomes = Vec::with_capacity(tasks.len());
    for task in tasks {
        outcomes.push(task.await.expect("the task does not panic"));
    }
    outcomes
}

async fn follow(mut subscription: Subscription, count: usize) -> Vec<RecordedEvent> {
    let mut seen = Vec::new();
    while seen.len() < count {
        seen.extend(subscription.next().await.expect("the next batch"));
    }
    seen
}

pub async fn a_subscription_reads_what_is_there_and_then_what_comes(log: Arc<impl EventLog + ?Sized>) {
    log.append(append(1, 0, 3)).await.expect("an append");
    let mut subscription = Subscription::new(Arc::new(AsDyn(Arc::clone(&log))), Position::START);
    assert_eq!(subscription.next().await.expect("what is there").len(), 3);
    assert_eq!(subscription.next().await, Ok(vec![]), "a quiet log says so");
    let appended = log.append(append(1, 3, 1)).await.expect("an append");
    assert_eq!(subscription.next().await.expect("what comes")[0].position, appended.position);
    assert_eq!(subscription.position(), appended.position);
}

pub async fn a_waiter_is_woken_at_once(log: Arc<impl EventLog + ?Sized>) {
    for revision in 0..20 {
        let head = log.head().await.expect("a head");
        let waiter = tokio::spawn({
            let log = Arc::clone(&log);
            async move { (log.wait(head, Duration::from_secs(20)).await, Instant::now()) }
        });
        tokio::time::sleep(Duration::from_millis(5)).await;
        let appended = log.append(append(1, revision, 1)).await.expect("an append");
        let (woken, at) = {
            let acknowledged = Instant::now();
            let (woken, at) = waiter.await.expect("the waiter does not panic");
            (woken, at.saturating_duration_since(acknowledged))
        };
        assert_eq!(woken, Ok(appended.position));
        assert!(at < Duration::from_secs(2), "woken by the append, not by patience running out: {at:?}");
    }
}

pub async fn a_quiet_log_answers_after_the_patience_of_the_waiter(log: Arc<impl EventLog + ?Sized>) {
    let asked = Instant::now();
    assert_eq!(log.wait(Position::START, Duration::from_millis(50)).await, Ok(Position::START));
    assert!(asked.elapsed() >= Duration::from_millis(45));
}

pub async fn followers_see_every_event_once_and_in_order_while_many_write(log: Arc<impl EventLog + ?Sized>) {
    let followers = (0..3).map(|_| {
        let subscription = Subscription::new(Arc::new(AsDyn(Arc::clone(&log))), Position::START);
        tokio::time::timeout(Duration::from_secs(30), follow(subscription, 400))
    });
    let followers = tokio::spawn(all(followers.collect::<Vec<_>>().into_iter()));
    all((0..8_u64).map(|writer| {
        let log = Arc::clone(&log);
        async move {
            for revision in 0..50 {
                log.append(append(writer, revision, 1)).await.expect("no other writer is on this stream");
            }
        }
    }))
    .await;
    let whole = log.read(Position::START, 1_000).await.expect("a read");
    for seen in followers.await.expect("the followers do not panic") {
        assert_eq!(seen.expect("within half a minute"), whole);
    }
}
