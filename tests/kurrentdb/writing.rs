//! What a writer notices of a log that is not the one it left, what goes first, and what readers notice of each other.

use std::time::Duration;

use keyledger_event_log::contract::{append, identity, stream};
use keyledger_event_log::{Append, AppendError, Claim, EventLog, Lane, Revision, StreamName};
use keyledger_event_log_kurrentdb::KurrentLog;
use keyledger_tests_kurrentdb_stand_in::Trouble;

use crate::{Scene, url};

#[tokio::test(flavor = "multi_thread")]
async fn a_log_that_lost_its_end_is_not_written_to_again() {
    for keep in [0, 2, 4] {
        let Scene { log, server } = Scene::new(identity()).await;
        let before = server.records();
        log.append(append(1, 0, 5)).await.expect("an append");
        server.forget(if keep == 0 { 0 } else { before + keep });
        let records = server.records();
        let refused = log.append(append(2, 0, 1)).await;
        assert!(matches!(refused, Err(AppendError::Unavailable(_))), "{keep}: {refused:?}");
        let why = tokio::time::timeout(Duration::from_secs(5), log.failed()).await;
        assert!(why.is_ok(), "{keep}: the process is not told to end");
        assert_eq!(server.records(), records);
        assert!(log.append(append(3, 0, 1)).await.is_err(), "{keep}: it is written to again");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_empty_log_that_another_one_took_the_place_of_is_not_written_to() {
    let Scene { log, server } = Scene::new(identity()).await;
    server.forget(0);
    let other = keyledger_event_log::LogIdentity { epoch: 2, ..identity() };
    KurrentLog::create(&url(&server), other, &[]).await.expect("another log");
    assert!(matches!(log.append(append(1, 0, 1)).await, Err(AppendError::Unavailable(_))));
    let why = tokio::time::timeout(Duration::from_secs(5), log.failed()).await.expect("it is told to end");
    assert!(why.contains("epoch 2"), "{why}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn what_takes_a_right_away_waits_for_no_queue_of_other_writes() {
    let Scene { log, server } = Scene::new(identity()).await;
    /// None of their names begins with another one.
    const OTHERS: std::ops::Range<u64> = 100..160;
    for number in OTHERS {
        server.trouble(&format!("key-{number}"), Trouble::Held);
    }
    let others: Vec<_> = OTHERS
        .map(|number| {
            let log = log.clone();
            tokio::spawn(async move { log.append(append(number, 0, 1)).await })
        })
        .collect();
    // As many as there may be at once, and a queue behind them.
    let before = server.appends();
    while server.appends() < before + 32 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let urgent = Append { lane: Lane::Urgent, stream: StreamName::new("catalogue"), ..append(1_000, 0, 1) };
    let urgent = tokio::time::timeout(Duration::from_secs(5), log.append(urgent)).await;
    urgent.expect("it waits for one of the others").expect("an append");
    server.let_go();
    for other in others {
        other.await.expect("it does not panic").expect("an append");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_for_one_claim_leaves_the_others_free() {
    let Scene { log, .. } = Scene::new(identity()).await;
    let claiming = |number, claims: &[&str]| Append {
        claims: claims.iter().copied().map(Claim::new).collect(),
        ..append(number, 0, 1)
    };
    log.append(claiming(1, &["event-1"])).await.expect("the first to claim it");
    let refused = log.append(claiming(2, &["prefix-1", "event-1"])).await;
    assert_eq!(refused, Err(AppendError::ClaimTaken(Claim::new("event-1"))));
    log.append(claiming(3, &["prefix-1"])).await.expect("nobody holds it");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_would_not_be_read_again_as_it_was_written_is_no_append() {
    let Scene { log, server } = Scene::new(identity()).await;
    let records = server.records();
    let elsewhere = Append { stream: StreamName::new("orders-1"), ..append(1, 0, 1) };
    let mut refused = vec![elsewhere];
    for public in [b" {}".as_slice(), b"{}\n", b"{", b"", &[b'"', 0xff, b'"']] {
        let mut append = append(1, 0, 1);
        append.events[0].public = public.to_vec();
        refused.push(append);
    }
    for append in refused {
        assert!(matches!(log.append(append).await, Err(AppendError::Malformed(_))));
    }
    assert_eq!(server.records(), records);
    let mut spaced = append(1, 0, 1);
    spaced.events[0].public = b"{ \"b\" : 1.0,\n\"a\":\"\\u0041\" }".to_vec();
    log.append(spaced.clone()).await.expect("JSON may look as it likes");
    let read = log.read_stream(&stream(1), Revision::FIRST).await.expect("a read");
    assert_eq!(read[0].public, spaced.events[0].public);
}

#[tokio::test(flavor = "multi_thread")]
async fn another_process_sees_an_append_within_moments() {
    let scene = Scene::new(identity()).await;
    let beside = scene.beside().await;
    let (mut late, mut after) = (Vec::new(), beside.head().await.expect("a head"));
    for revision in 0..50 {
        let waiting = async {
            let seen = beside.wait(after, Duration::from_secs(10)).await;
            (seen, tokio::time::Instant::now())
        };
        let appending = async {
            let appended = scene.log.append(append(1, revision, 1)).await.expect("an append");
            (appended.position, tokio::time::Instant::now())
        };
        let ((seen, at), (position, acknowledged)) = tokio::join!(waiting, appending);
        assert_eq!(seen, Ok(position));
        after = position;
        late.push(at.saturating_duration_since(acknowledged));
    }
    late.sort();
    println!("seen after {:?} (median), {:?} (the latest but one)", late[25], late[48]);
    assert!(late[25] < Duration::from_millis(100), "{late:?}");
}
