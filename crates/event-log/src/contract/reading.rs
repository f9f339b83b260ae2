//! Promises about reading.
#![allow(missing_docs, reason = "the name of each promise is its documentation")]

use std::sync::Arc;

use super::{append, event, stream};
use crate::{Append, Checkpoint, CheckpointLost, Claim, EventLog, Position, PositionOrder, Revision};

pub async fn an_empty_log_has_no_head_and_no_events(log: Arc<impl EventLog + ?Sized>) {
    assert_eq!(log.identity(), super::identity());
    assert_eq!(log.head().await, Ok(Position::START));
    assert_eq!(log.read(Position::START, 10).await, Ok(vec![]));
    assert_eq!(log.read_stream(&stream(1), Revision::FIRST).await, Ok(vec![]));
    assert_eq!(log.find(event(1, 0).id).await, Ok(None));
}

pub async fn positions_increase_and_are_dense_where_the_store_says_so(log: Arc<impl EventLog + ?Sized>) {
    for number in 0..10 {
        log.append(append(number, 0, 3)).await.expect("an append");
        // A refused append must not use up a position.
        log.append(append(number, 9, 1)).await.expect_err("a writer that runs ahead");
    }
    let positions: Vec<_> =
        log.read(Position::START, 100).await.expect("a read").iter().map(|e| e.position).collect();
    assert_eq!(positions.len(), 30);
    assert!(positions.is_sorted_by(|a, b| a < b) && positions[0] > Position::START);
    if log.order() == PositionOrder::Dense {
        assert_eq!((positions[0].get(), positions[29].get()), (1, 30));
    }
    assert_eq!(log.head().await, Ok(positions[29]));
}

pub async fn reading_goes_on_after_any_position_and_keeps_to_the_limit(log: Arc<impl EventLog + ?Sized>) {
    for number in 0..7 {
        log.append(append(number, 0, 2)).await.expect("an append");
    }
    let all = log.read(Position::START, 100).await.expect("a read");
    for (index, event) in all.iter().enumerate() {
        let rest = log.read(event.position, 3).await.expect("a read");
        assert_eq!(rest, all[index + 1..].iter().take(3).cloned().collect::<Vec<_>>());
    }
    assert_eq!(log.read(Position::MAX, 3).await, Ok(vec![]));
}

pub async fn a_stream_is_read_from_any_revision(log: Arc<impl EventLog + ?Sized>) {
    log.append(append(1, 0, 4)).await.expect("an append");
    log.append(append(2, 0, 1)).await.expect("another stream");
    for from in 0..=5 {
        let events = log.read_stream(&stream(1), Revision::new(from)).await.expect("a read");
        let revisions: Vec<_> = events.iter().map(|event| event.revision.get()).collect();
        assert_eq!(revisions, (from..4.max(from)).collect::<Vec<_>>());
        assert!(events.iter().all(|event| event.stream == stream(1)));
    }
}

pub async fn a_claimed_event_is_found_by_its_id(log: Arc<impl EventLog + ?Sized>) {
    let id = event(1, 1).id;
    log.append(append(1, 0, 1)).await.expect("an append");
    let claimed = Append { claims: vec![Claim::event(id)], ..append(1, 1, 1) };
    let appended = log.append(claimed).await.expect("an append");
    let found = log.find(id).await.expect("a look-up").expect("the event");
    assert_eq!((found.position, found.id, found.revision), (appended.position, id, Revision::new(1)));
    assert_eq!(log.find(event(1, 7).id).await, Ok(None));
}

pub async fn a_checkpoint_is_confirmed_by_the_log_it_came_from_and_by_no_other(
    log: Arc<impl EventLog + ?Sized>,
) {
    let log: &dyn EventLog = &AsDyn(log);
    assert_eq!(Checkpoint::start().confirm(log).await, Ok(()));
    log.append(append(1, 0, 3)).await.expect("an append");
    for event in log.read(Position::START, 10).await.expect("a read") {
        let mut checkpoint = Checkpoint { position: event.position, mac: event.mac };
        assert_eq!(checkpoint.confirm(log).await, Ok(()));
        checkpoint.mac[0] ^= 1;
        assert_eq!(checkpoint.confirm(log).await, Err(CheckpointLost::Different(event.position)));
    }
    let beyond = Checkpoint { position: log.head().await.expect("a head").next(), mac: vec![1] };
    assert_eq!(beyond.confirm(log).await, Err(CheckpointLost::Missing(beyond.position)));
}

use super::following::AsDyn;
