//! Beginning and opening a log: once, whole, finished by the next one where it was cut off, and read by who may not write.

use keyledger_event_log::contract::{append, identity, stream};
use keyledger_event_log::{Append, AppendError, Claim, EventLog, LogIdentity, Position, Revision};
use keyledger_event_log_kurrentdb::{KurrentLog, OpenError};
use keyledger_tests_kurrentdb_stand_in::{StandIn, Trouble};
use uuid::Uuid;

use crate::{start, url};

/// What a log begins with: two events of one stream, and one of another that claims something.
fn first() -> [Append; 2] {
    [append(1, 0, 2), Append { claims: vec![Claim::new("prefix-hT4kQ9xZ")], ..append(2, 0, 1) }]
}

/// The revisions of both streams.
async fn held(log: &KurrentLog) -> [usize; 2] {
    let mut held = [0; 2];
    for number in [1, 2] {
        let events = log.read_stream(&stream(number), Revision::FIRST).await.expect("a read");
        held[usize::try_from(number - 1).expect("a small number")] = events.len();
    }
    held
}

/// A log that was begun by somebody who was cut off before its last first event was laid.
async fn cut_off() -> StandIn {
    let server = start().await;
    server.trouble("key-2", Trouble::Denied);
    let begun = KurrentLog::create(&url(&server), identity(), &first()).await;
    assert!(matches!(begun, Err(OpenError::Unusable { .. })), "nothing was in its way");
    assert_eq!([server.ids("key-1").len(), server.ids("key-2").len()], [2, 0]);
    server
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_without_a_log_is_told_and_left_alone() {
    let server = start().await;
    server.meddle("orders-1", "OrderPlaced", b"{}");
    assert_eq!(KurrentLog::found(&url(&server)).await.expect("an answer"), None);
    assert!(matches!(KurrentLog::open_read_only(&url(&server)).await, Err(OpenError::Missing { .. })));
    assert!(matches!(KurrentLog::open(&url(&server)).await, Err(OpenError::Missing { .. })));
    assert_eq!(server.records(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_is_begun_once_also_where_several_begin_it_at_the_same_time() {
    let server = start().await;
    let begin = |number: u128| {
        let url = url(&server);
        tokio::spawn(async move {
            let identity = LogIdentity { log: Uuid::from_u128(number), epoch: 1 };
            KurrentLog::create(&url, identity, &first()).await.map(|log| log.identity())
        })
    };
    let mut begun = Vec::new();
    for beginner in (1..=6).map(begin).collect::<Vec<_>>() {
        begun.push(beginner.await.expect("it does not panic"));
    }
    let winners: Vec<_> = begun.iter().flatten().collect();
    assert_eq!(winners.len(), 1, "{begun:?}");
    for loser in begun.iter().filter_map(|begun| begun.as_ref().err()) {
        assert!(matches!(loser, OpenError::Exists { found, .. } if found == winners[0]), "{loser}");
    }
    assert_eq!(KurrentLog::found(&url(&server)).await.expect("an answer"), Some(*winners[0]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_begins_with_its_first_events_and_their_claims() {
    let server = start().await;
    let log = KurrentLog::create(&url(&server), identity(), &first()).await.expect("a new log");
    assert_eq!(held(&log).await, [2, 1]);
    assert_eq!(log.read(Position::START, 10).await.expect("a read").len(), 3);
    let claim = Claim::new("prefix-hT4kQ9xZ");
    let taken = log.append(Append { claims: vec![claim.clone()], ..append(3, 0, 1) }).await;
    assert_eq!(taken, Err(AppendError::ClaimTaken(claim)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_beginning_that_was_cut_off_is_finished_by_the_next_writer_and_told_to_a_reader() {
    let server = cut_off().await;
    assert_eq!(KurrentLog::found(&url(&server)).await.expect("an answer"), Some(identity()));
    assert!(matches!(KurrentLog::open_read_only(&url(&server)).await, Err(OpenError::Unfinished { .. })));
    let again = KurrentLog::create(&url(&server), identity(), &first()).await;
    assert!(matches!(again, Err(OpenError::Exists { .. })), "it was begun a second time");
    let log = KurrentLog::open(&url(&server)).await.expect("the log");
    assert_eq!(held(&log).await, [2, 1]);
    let appends = server.appends();
    let beside = KurrentLog::open(&url(&server)).await.expect("the log");
    assert_eq!((server.appends(), held(&beside).await), (appends, [2, 1]), "what is finished is left alone");
    assert_eq!(KurrentLog::open_read_only(&url(&server)).await.expect("the log").identity(), identity());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_beginning_that_was_cut_off_is_finished_once_by_several_at_the_same_time() {
    let server = cut_off().await;
    let open = || {
        let url = url(&server);
        tokio::spawn(async move { KurrentLog::open(&url).await })
    };
    for opened in [open(), open(), open(), open()] {
        let log = opened.await.expect("it does not panic").expect("the log");
        assert_eq!(held(&log).await, [2, 1]);
    }
    assert_eq!([server.ids("key-1").len(), server.ids("key-2").len()], [2, 1]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_line_that_is_lost_while_a_log_is_begun_leaves_the_whole_of_it_or_nothing() {
    for (trouble, is_there) in [(Trouble::LineLostBefore, false), (Trouble::LineLostAfter, true)] {
        let server = start().await;
        server.trouble("keyledger-log", trouble);
        let begun = KurrentLog::create(&url(&server), identity(), &first()).await;
        assert!(server.troubles_are_over());
        let found = KurrentLog::found(&url(&server)).await.expect("an answer");
        assert_eq!((begun.is_ok(), found.is_some()), (is_there, is_there), "{trouble:?}");
        if let Ok(log) = begun {
            assert_eq!(held(&log).await, [2, 1]);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_of_a_later_build_is_refused_by_writers_and_readers() {
    let server = start().await;
    let says = br#"{"layout":2,"log":"00000000-0000-0000-0000-00000000010f","epoch":1}"#;
    server.meddle("keyledger-log", "keyledger-log-begun", says);
    for opened in [KurrentLog::open(&url(&server)).await, KurrentLog::open_read_only(&url(&server)).await] {
        assert!(matches!(opened, Err(OpenError::Newer { found: 2, .. })));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_opened_it_to_read_does_not_write() {
    let server = start().await;
    let log = KurrentLog::create(&url(&server), identity(), &[]).await.expect("a new log");
    let appended = log.append(append(1, 0, 2)).await.expect("an append");
    let beside = KurrentLog::open_read_only(&url(&server)).await.expect("the log");
    assert_eq!(beside.read(Position::START, 10).await.expect("a read").len(), 2);
    assert_eq!(beside.head().await, Ok(appended.position));
    assert!(matches!(beside.append(append(2, 0, 1)).await, Err(AppendError::Unavailable(_))));
}
