//! The log is changed while it is followed.

use std::sync::Arc;

use keyledger_event_log::{CheckpointLost, MemoryLog, Position};
use keyledger_projectors::{State, StopReason, rebuild};

use crate::world::{Line, Notebook, append_good, follow, keys, log_of, stop_reason, until};

/// Lets a projector take in three events, puts `other` in the place of the log, and says why the projector stops; it
/// must take in nothing more.
async fn stopped_by(other: Arc<MemoryLog>) -> StopReason {
    let line = Line::to(log_of(3).await);
    let notebook = Notebook::default();
    let projector = follow(line.clone(), &notebook);
    until(&projector, |progress| matches!(progress.state, State::Live)).await;
    line.exchange(other);
    let reason = stop_reason(&projector).await;
    assert_eq!(notebook.read().checkpoint.position, Position::new(3));
    (*reason).clone()
}

fn missing() -> StopReason {
    StopReason::CheckpointLost(CheckpointLost::Missing(Position::new(3)))
}

fn different() -> StopReason {
    StopReason::CheckpointLost(CheckpointLost::Different(Position::new(3)))
}

#[tokio::test]
async fn an_end_that_is_cut_off_stops_it_though_nothing_comes() {
    assert_eq!(stopped_by(log_of(2).await).await, missing());
}

#[tokio::test]
async fn a_last_event_that_is_exchanged_stops_it_though_nothing_comes() {
    let other = log_of(2).await;
    append_good(&*other, 1, 1).await;
    assert_eq!(stopped_by(other).await, different());
}

#[tokio::test]
async fn good_events_behind_one_that_was_exchanged_are_not_taken_in() {
    let other = log_of(2).await;
    append_good(&*other, 1, 1).await;
    append_good(&*other, 2, 1).await;
    assert_eq!(stopped_by(other).await, different());
}

#[tokio::test]
async fn a_rebuild_from_a_log_that_loses_its_end_meanwhile_stops_and_does_not_wait_for_it() {
    let line = Line::to(log_of(8_300).await);
    let meanwhile = Arc::clone(&line);
    let shorter = log_of(100).await;
    let exchange = move |_, _| meanwhile.exchange(Arc::clone(&shorter));
    let refused = rebuild(line, keys(), Notebook::default(), exchange).await.map(|_| ());
    let lost = CheckpointLost::Missing(Position::new(8_000));
    assert_eq!(refused, Err(StopReason::CheckpointLost(lost)));
}
