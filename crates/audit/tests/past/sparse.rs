//! A log whose positions have gaps, as KurrentDB's have.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use keyledger_audit::{
    History,
    past::{IndexPlace, Past, PastError, Shape},
};
use keyledger_domain::Moment;
use keyledger_event_log::{
    Append, AppendError, Appended, EventLog, LogIdentity, Position, PositionOrder, ReadError, RecordedEvent,
    Revision, StreamName,
};
use uuid::Uuid;

use crate::{
    compared::runtime,
    story::{Story, mac_keys, many},
};

/// Every position a hundred times as large.
struct Sparse(Arc<dyn EventLog>);

const STEP: u64 = 100;

fn wide(event: RecordedEvent) -> RecordedEvent {
    RecordedEvent { position: Position::new(event.position.get() * STEP), ..event }
}

#[async_trait]
impl EventLog for Sparse {
    fn identity(&self) -> LogIdentity {
        self.0.identity()
    }
    fn order(&self) -> PositionOrder {
        PositionOrder::Sparse
    }
    async fn append(&self, append: Append) -> Result<Appended, AppendError> {
        self.0.append(append).await
    }
    async fn read(&self, after: Position, limit: usize) -> Result<Vec<RecordedEvent>, ReadError> {
        let events = self.0.read(Position::new(after.get() / STEP), limit).await?;
        Ok(events.into_iter().map(wide).collect())
    }
    async fn read_stream(
        &self,
        stream: &StreamName,
        from: Revision,
    ) -> Result<Vec<RecordedEvent>, ReadError> {
        Ok(self.0.read_stream(stream, from).await?.into_iter().map(wide).collect())
    }
    async fn find(&self, id: Uuid) -> Result<Option<RecordedEvent>, ReadError> {
        Ok(self.0.find(id).await?.map(wide))
    }
    async fn head(&self) -> Result<Position, ReadError> {
        Ok(Position::new(self.0.head().await?.get() * STEP))
    }
    async fn wait(&self, after: Position, patience: Duration) -> Result<Position, ReadError> {
        let head = self.0.wait(Position::new(after.get() / STEP), patience).await?;
        Ok(Position::new(head.get() * STEP))
    }
}

#[test]
fn events_are_counted_and_not_positions() {
    runtime().block_on(async {
        let story = Story::of(&many(50)).await;
        let directory = tempfile::tempdir().expect("a directory");
        let keys = || Some(Arc::new(|| mac_keys(7)) as _);
        let history = || History::new(Arc::new(Sparse(story.log.clone())), keys());
        let place =
            IndexPlace { directory: directory.path().to_owned(), shape: Shape { events: 4, fan_out: 2 } };
        let (indexed, whole) = (Past::new(history(), Some(place)), Past::new(history(), None));
        for moment in story.moments().into_iter().step_by(3) {
            let (moment, dense) = match moment {
                Moment::Position(position) => (Moment::Position(position * STEP), Moment::Position(position)),
                time @ Moment::Time(_) => (time, time),
            };
            let state = indexed.state(moment, &mut ()).await.expect("a state");
            assert_eq!(state.digest(), whole.state(moment, &mut ()).await.expect("a state").digest());
            assert_eq!(state.len(), story.told(dense).0.len());
        }
        let between = whole.state(Moment::Position(STEP + 1), &mut ()).await.err();
        assert_eq!(between, Some(PastError::NoEvent(STEP + 1)));
    });
}
