//! Promises about writing.
#![allow(missing_docs, reason = "the name of each promise is its documentation")]

use std::sync::Arc;

use super::{append, event, stream};
use crate::{AppendError, EventLog, Position, Revision};

pub async fn an_append_is_read_back_byte_for_byte(log: Arc<impl EventLog + ?Sized>) {
    let appended = log.append(append(1, 0, 1)).await.expect("an append to an empty log");
    let events = log.read(Position::START, 10).await.expect("a read");
    let [recorded] = events.as_slice() else { panic!("one event, not {}", events.len()) };
    let sent = event(1, 0);
    assert_eq!(recorded.position, appended.position);
    assert_eq!((recorded.id, &recorded.stream, recorded.revision), (sent.id, &stream(1), Revision::FIRST));
    assert_eq!(
        (&recorded.public, &recorded.private, &recorded.mac),
        (&sent.public, &sent.private, &sent.mac)
    );
}

pub async fn several_events_of_one_append_stand_together_or_not_at_all(log: Arc<impl EventLog + ?Sized>) {
    let appended = log.append(append(1, 0, 5)).await.expect("an append of five");
    assert_eq!(log.head().await, Ok(appended.position));
    let mut clash = append(1, 5, 3);
    clash.events[2].id = event(1, 0).id;
    assert_eq!(log.append(clash).await, Err(AppendError::EventIdTaken(event(1, 0).id)));
    assert_eq!(log.head().await, Ok(appended.position), "nothing of the refused append");
    assert_eq!(log.read_stream(&stream(1), Revision::FIRST).await.expect("a read").len(), 5);
}

/// What a store promises that has one index of ids. KurrentDB has none, and notices an id of another stream only where it
/// was claimed; that is why ids which may come twice are.
pub async fn an_id_in_another_stream_is_refused_though_nobody_claimed_it(log: Arc<impl EventLog + ?Sized>) {
    let appended = log.append(append(1, 0, 5)).await.expect("an append of five");
    let mut clash = append(2, 0, 3);
    clash.events[2].id = event(1, 0).id;
    assert_eq!(log.append(clash).await, Err(AppendError::EventIdTaken(event(1, 0).id)));
    assert_eq!(
        log.read_stream(&stream(2), Revision::FIRST).await,
        Ok(vec![]),
        "nothing of the refused append"
    );
    assert_eq!(log.head().await, Ok(appended.position));
    assert_eq!(log.read_stream(&stream(1), Revision::FIRST).await.expect("a read").len(), 5);
}

pub async fn the_first_event_of_a_stream_has_revision_zero(log: Arc<impl EventLog + ?Sized>) {
    let refused = log.append(append(1, 1, 1)).await;
    let conflict = AppendError::Conflict { stream: stream(1), decided_for: Revision::new(1), last: None };
    assert_eq!(refused, Err(conflict));
    assert_eq!(log.head().await, Ok(Position::START));
}

pub async fn a_writer_that_decided_on_an_old_revision_is_refused(log: Arc<impl EventLog + ?Sized>) {
    log.append(append(1, 0, 2)).await.expect("the first writer");
    let mut late = append(1, 1, 1);
    late.events[0].id = event(99, 0).id;
    let conflict = AppendError::Conflict {
        stream: stream(1),
        decided_for: Revision::new(1),
        last: Some(Revision::new(1)),
    };
    assert_eq!(log.append(late).await, Err(conflict));
}

pub async fn a_writer_that_runs_ahead_of_its_stream_is_refused(log: Arc<impl EventLog + ?Sized>) {
    log.append(append(1, 0, 1)).await.expect("the first event");
    let conflict = AppendError::Conflict {
        stream: stream(1),
        decided_for: Revision::new(2),
        last: Some(Revision::FIRST),
    };
    assert_eq!(log.append(append(1, 2, 1)).await, Err(conflict));
}

pub async fn the_same_append_again_is_acknowledged_with_its_first_position(log: Arc<impl EventLog + ?Sized>) {
    let first = log.append(append(1, 0, 2)).await.expect("an append");
    let again = log.append(append(1, 0, 2)).await.expect("the same append");
    assert_eq!(first, again);
    assert_eq!(log.read(Position::START, 10).await.expect("a read").len(), 2, "nothing was recorded twice");
}

pub async fn the_same_append_again_is_acknowledged_after_the_stream_has_moved_on(
    log: Arc<impl EventLog + ?Sized>,
) {
    let first = log.append(append(1, 0, 1)).await.expect("an append");
    log.append(append(1, 1, 1)).await.expect("the next one");
    assert_eq!(log.append(append(1, 0, 1)).await, Ok(first));
}

pub async fn another_event_under_a_recorded_id_is_refused(log: Arc<impl EventLog + ?Sized>) {
    log.append(append(1, 0, 1)).await.expect("an append");
    let mut other = append(1, 0, 1);
    other.events[0].public = b"{}".to_vec();
    assert_eq!(log.append(other).await, Err(AppendError::EventIdTaken(event(1, 0).id)));
    let mut later = append(1, 1, 1);
    later.events[0].id = event(1, 0).id;
    assert_eq!(log.append(later).await, Err(AppendError::EventIdTaken(event(1, 0).id)));
}

pub async fn an_id_recorded_in_one_stream_is_refused_in_another(log: Arc<impl EventLog + ?Sized>) {
    let claim = crate::Claim::event(event(1, 0).id);
    let mut first = append(1, 0, 1);
    first.claims = vec![claim.clone()];
    log.append(first).await.expect("an append");
    let mut other = append(2, 0, 1);
    other.events[0].id = event(1, 0).id;
    other.claims = vec![claim.clone()];
    let refused = log.append(other).await.expect_err("the id stands in another stream");
    // A store without one index of ids (KurrentDB) notices by the claim, one with it by the id.
    assert!([AppendError::EventIdTaken(event(1, 0).id), AppendError::ClaimTaken(claim)].contains(&refused));
}

pub async fn an_append_that_is_none_is_refused(log: Arc<impl EventLog + ?Sized>) {
    let mut huge = append(1, 0, 1);
    huge.events[0].public = vec![b' '; crate::Append::MAX_PUBLIC + 1];
    let mut skipping = append(1, 0, 2);
    skipping.events[1].revision = Revision::new(2);
    let mut doubled = append(1, 0, 2);
    doubled.events[1].id = doubled.events[0].id;
    for none in [append(1, 0, 0), append(1, 0, 101), huge, skipping, doubled] {
        assert!(matches!(log.append(none).await, Err(AppendError::Malformed(_))));
    }
    assert_eq!(log.head().await, Ok(Position::START));
}

pub async fn of_many_writers_on_one_revision_exactly_one_wins(log: Arc<impl EventLog + ?Sized>) {
    log.append(append(1, 0, 1)).await.expect("the first event");
    let writers = (0..32_u64).map(|writer| {
        let log = Arc::clone(&log);
        let mut attempt = append(1, 1, 1);
        attempt.events[0].id = event(1_000 + writer, 1).id;
        async move { log.append(attempt).await }
    });
    let outcomes = super::following::all(writers).await;
    assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 1);
    assert!(
        outcomes.iter().flat_map(|o| o.as_ref().err()).all(|e| matches!(e, AppendError::Conflict { .. }))
    );
    assert_eq!(log.read_stream(&stream(1), Revision::FIRST).await.expect("a read").len(), 2);
}

pub async fn many_concurrent_writers_leave_every_stream_dense(log: Arc<impl EventLog + ?Sized>) {
    let writers = (0..16_u64).map(|writer| {
        let log = Arc::clone(&log);
        async move {
            for revision in 0..20 {
                log.append(append(writer, revision, 1)).await.expect("no other writer is on this stream");
            }
        }
    });
    super::following::all(writers).await;
    for writer in 0..16 {
        let events = log.read_stream(&stream(writer), Revision::FIRST).await.expect("a read");
        let revisions: Vec<_> = events.iter().map(|event| event.revision.get()).collect();
        assert_eq!(revisions, (0..20).collect::<Vec<_>>());
        assert!(events.is_sorted_by(|a, b| a.position < b.position));
    }
    assert_eq!(log.read(Position::START, 1_000).await.expect("a read").len(), 320);
}

pub async fn appends_in_order_are_recorded_in_that_order(log: Arc<impl EventLog + ?Sized>) {
    // More than one task is let run for without a pause, and than wait in one lane.
    let appends: Vec<_> = (0..1_500).map(|number| append(number % 700, number / 700, 1)).collect();
    let appended = log.append_in_order(appends).await.expect("all of them");
    assert!(appended.is_sorted_by(|one, next| one.position < next.position));
    assert_eq!(appended.len(), 1_500);
    let again = log.append_in_order(vec![append(900, 0, 1), append(0, 1, 1), append(901, 5, 1)]).await;
    assert!(matches!(again, Err(AppendError::Conflict { .. })), "{again:?}");
}
