//! Lines that are lost before and after something was recorded, and a server that does not know: what was acknowledged
//! stands, once, at its position; what was not is told as what it is.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use keyledger_event_log::contract::{append, event, identity, stream};
use keyledger_event_log::{Append, AppendError, Claim, EventLog, Position, Revision};
use keyledger_tests::Dice;
use keyledger_tests_kurrentdb_stand_in::Trouble;

use crate::Scene;

#[tokio::test(flavor = "multi_thread")]
async fn an_outcome_that_got_lost_is_found_out_and_nothing_is_recorded_twice() {
    let troubles =
        [Trouble::LineLostBefore, Trouble::LineLostAfter, Trouble::TimedOutAfter, Trouble::NotReady];
    for what in ["key-1", "claim-"] {
        for trouble in troubles {
            let Scene { log, server } = Scene::new(identity()).await;
            server.trouble(what, trouble);
            let claims = vec![Claim::event(event(1, 0).id)];
            let appended = log.append(Append { claims, ..append(1, 0, 3) }).await.expect("it comes through");
            assert!(server.troubles_are_over(), "{what}, {trouble:?}: nothing happened");
            assert_eq!(
                server.ids("key-1"),
                [0, 1, 2].map(|revision| event(1, revision).id),
                "{what}, {trouble:?}"
            );
            let events = log.read(Position::START, 10).await.expect("a read");
            assert_eq!(
                events.last().map(|event| event.position),
                Some(appended.position),
                "{what}, {trouble:?}"
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_refused_for_good_is_told_at_once_and_not_recorded() {
    let Scene { log, server } = Scene::new(identity()).await;
    server.trouble("key-1", Trouble::Denied);
    let refused = log.append(append(1, 0, 1)).await;
    assert!(
        matches!(&refused, Err(AppendError::Unavailable(why)) if why.contains("Access denied")),
        "{refused:?}"
    );
    assert!(server.ids("key-1").is_empty());
    log.append(append(1, 0, 1)).await.expect("the next one is let through");
}

#[tokio::test(flavor = "multi_thread")]
async fn another_append_with_the_same_ids_is_refused_also_where_the_store_would_acknowledge_it() {
    let scene = Scene::new(identity()).await;
    let beside = scene.beside().await;
    // The first one is slow: the other has read its stream before, and the store knows the id when it comes there.
    scene.server.trouble("key-1", Trouble::Slow(Duration::from_millis(300)));
    scene.server.trouble("key-1", Trouble::Slow(Duration::from_millis(600)));
    let mut other = append(1, 0, 1);
    other.events[0].public = b"{\"another\":\"body\"}".to_vec();
    let (first, second) = tokio::join!(scene.log.append(append(1, 0, 1)), beside.append(other));
    assert!(scene.server.troubles_are_over());
    let refused = Err(AppendError::EventIdTaken(event(1, 0).id));
    assert!(first.is_ok() && second == refused || second.is_ok() && first == refused, "{first:?} {second:?}");
    assert_eq!(scene.server.ids("key-1").len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn where_the_server_stays_away_a_caller_is_told_that_nobody_knows_and_the_same_again_finds_out() {
    let Scene { log, server } = Scene::new(identity()).await;
    server.trouble("key-1", Trouble::GoneAfter);
    let unknown = log.append(append(1, 0, 1)).await;
    assert!(matches!(unknown, Err(AppendError::OutcomeUnknown(_))), "{unknown:?}");
    let nothing = log.append(append(2, 0, 1)).await;
    assert!(matches!(nothing, Err(AppendError::Unavailable(_))), "nothing was sent: {nothing:?}");
    server.bring_back(0);
    let again = tokio::time::timeout(Duration::from_secs(10), async {
        loop {
            match log.append(append(1, 0, 1)).await {
                Err(AppendError::Unavailable(_)) => tokio::time::sleep(Duration::from_millis(20)).await,
                outcome => return outcome,
            }
        }
    });
    let appended = again.await.expect("it is back").expect("it was recorded");
    assert_eq!(server.ids("key-1"), [event(1, 0).id]);
    assert_eq!(log.head().await, Ok(appended.position));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn lines_that_are_cut_again_and_again_lose_nothing_and_record_nothing_twice() {
    let mut dice = Dice::thrown_for("cut lines to KurrentDB");
    let Scene { log, server } = Scene::new(identity()).await;
    let stop = Arc::new(AtomicBool::new(false));
    let writers: Vec<_> = (0..8_u64)
        .map(|writer| {
            let (log, stop) = (Arc::clone(&log), Arc::clone(&stop));
            tokio::spawn(async move { write(&*log, writer, &stop).await })
        })
        .collect();
    for _ in 0..40 {
        tokio::time::sleep(Duration::from_millis(10 + dice.below(60))).await;
        let writer = dice.below(8);
        let trouble = *dice.pick(&[Trouble::LineLostBefore, Trouble::LineLostAfter, Trouble::TimedOutAfter]);
        server.trouble(&format!("key-{writer}"), trouble);
        if dice.chance(30) {
            server.cut();
        }
    }
    stop.store(true, Ordering::Release);
    let mut acknowledged = Vec::new();
    for writer in writers {
        acknowledged.extend(writer.await.expect("the writer does not panic"));
    }
    let mut events = Vec::new();
    loop {
        let after = events
            .last()
            .map_or(Position::START, |event: &keyledger_event_log::RecordedEvent| event.position);
        let more = log.read(after, 1_000).await.expect("the log can be read");
        if more.is_empty() {
            break;
        }
        events.extend(more);
    }
    println!("{} events, {} acknowledged", events.len(), acknowledged.len());
    assert!(events.is_sorted_by(|a, b| a.position < b.position));
    let ids: BTreeSet<_> = events.iter().map(|event| event.id).collect();
    assert_eq!(ids.len(), events.len(), "one stands twice");
    for (id, position) in acknowledged {
        assert!(
            events.iter().any(|event| (event.id, event.position) == (id, position)),
            "{id} is not at {position}"
        );
    }
    for writer in 0..8 {
        // Read without a gap, or not at all.
        let held = log.read_stream(&stream(writer), Revision::FIRST).await.expect("a read");
        assert!(held.len() > 1, "writer {writer} came to nothing");
    }
}

/// Repeats what was not acknowledged, as a client does, until it is.
async fn write(log: &dyn EventLog, writer: u64, stop: &AtomicBool) -> Vec<(uuid::Uuid, Position)> {
    let mut acknowledged = Vec::new();
    for revision in 0.. {
        if stop.load(Ordering::Acquire) {
            break;
        }
        loop {
            match log.append(append(writer, revision, 1)).await {
                Ok(appended) => break acknowledged.push((event(writer, revision).id, appended.position)),
                Err(AppendError::Unavailable(_) | AppendError::OutcomeUnknown(_)) => {
                    tokio::time::sleep(Duration::from_millis(20)).await
                }
                Err(error) => panic!("writer {writer} is alone on its stream: {error}"),
            }
        }
    }
    acknowledged
}
