//! What readers see of a database that others use too, and what they notice of one that lost something.

use std::time::Duration;

use keyledger_event_log::contract::{append, identity, stream};
use keyledger_event_log::{Append, Claim, EventLog, Position, ReadError, Revision};

use crate::Scene;

#[tokio::test(flavor = "multi_thread")]
async fn streams_of_others_and_claims_do_not_reach_a_reader_and_lie_between_as_if_they_were_not() {
    let Scene { log, server } = Scene::new(identity()).await;
    let mut appended = Position::START;
    for number in 0..20 {
        for foreign in ["orders-1", "catalogue-of-others", "$$key-1", "mykey-1"] {
            server.meddle(foreign, "OrderPlaced", b"{}");
        }
        let claiming =
            Append { claims: vec![Claim::new(format!("prefix-{number}"))], ..append(number, 0, 1) };
        appended = log.append(claiming).await.expect("an append").position;
    }
    server.meddle("orders-1", "OrderPlaced", b"{}");
    assert_eq!(log.head().await, Ok(appended));
    let all = log.read(Position::START, 100).await.expect("a read");
    let streams: Vec<_> = all.iter().map(|event| event.stream.clone()).collect();
    assert_eq!(streams, (0..20).map(stream).collect::<Vec<_>>());
    for (index, event) in all.iter().enumerate() {
        assert_eq!(log.read(event.position, 3).await.expect("a read"), all[index + 1..(index + 4).min(20)]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_of_somebody_else_in_a_stream_of_ours_is_told_and_not_skipped() {
    let Scene { log, server } = Scene::new(identity()).await;
    log.append(append(1, 0, 1)).await.expect("an append");
    server.meddle("key-1", "OrderPlaced", b"{}");
    for read in [log.read(Position::START, 10).await, log.read_stream(&stream(1), Revision::FIRST).await] {
        assert!(
            matches!(&read, Err(ReadError::Damaged(why)) if why.contains("revision 1 of key-1")),
            "{read:?}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revision_that_is_missing_is_told() {
    let Scene { log, server } = Scene::new(identity()).await;
    log.append(append(1, 0, 4)).await.expect("an append");
    server.lose("key-1", 2);
    let read = log.read_stream(&stream(1), Revision::FIRST).await;
    assert_eq!(read, Err(ReadError::Damaged("revision 2 of key-1 is missing".to_owned())));
    assert_eq!(log.read_stream(&stream(1), Revision::new(3)).await.expect("a read").len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_position_of_another_database_is_no_end_of_this_one() {
    let Scene { log, .. } = Scene::new(identity()).await;
    log.append(append(1, 0, 3)).await.expect("an append");
    let first = log.read(Position::START, 1).await.expect("a read")[0].position;
    let read = log.read(Position::new(first.get() + 2), 10).await;
    assert!(matches!(&read, Err(ReadError::Damaged(why)) if why.contains("no place")), "{read:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_goes_on_over_lines_that_are_cut_and_a_server_that_was_away() {
    let scene = Scene::new(identity()).await;
    let beside = scene.beside().await;
    let first = scene.log.append(append(1, 0, 1)).await.expect("an append").position;
    scene.server.cut();
    assert_eq!(beside.head().await, Ok(first), "a line that was cut is made anew");
    scene.server.take_down(0);
    for _ in 0..3 {
        let away = beside.wait(Position::START, Duration::from_millis(1)).await;
        // What was known before may be told once.
        assert!(matches!(away, Ok(_) | Err(ReadError::Unavailable(_))));
    }
    assert!(
        matches!(beside.head().await, Err(ReadError::Unavailable(_))),
        "nobody can know where it ends now"
    );
    scene.server.bring_back(0);
    let known = tokio::time::timeout(Duration::from_secs(10), async {
        while beside.head().await.is_err() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    });
    known.await.expect("it is asked again");
    let second = scene.log.append(append(1, 1, 1)).await.expect("an append").position;
    assert_eq!(beside.wait(first, Duration::from_secs(10)).await, Ok(second));
}
