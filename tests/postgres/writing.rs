//! What a writer notices of a log that is not the one it left, and what readers notice of each other's appends.

use std::time::Duration;

use keyledger_event_log::contract::{append, identity};
use keyledger_event_log::{AppendError, EventLog, Position};
use keyledger_event_log_postgres::PostgresLog;

use crate::{SERVER, parsed};

#[tokio::test(flavor = "multi_thread")]
async fn a_log_that_lost_its_end_is_not_written_to_again() {
    let server = SERVER.get();
    for lost in [
        "DELETE FROM events WHERE position = 3; UPDATE head SET position = 2",
        "DELETE FROM events WHERE position = 3",
        "UPDATE head SET position = 2",
        "UPDATE events SET mac = 'x' WHERE position = 3",
        "UPDATE identity SET epoch = 2",
        "DELETE FROM head",
        "INSERT INTO events VALUES (4, gen_random_uuid(), 'key-9', 0, '', '', '')",
    ] {
        let database = server.new_database();
        let url = parsed(&server.url(&database));
        let log = PostgresLog::create(&url, identity(), &[]).await.expect("a new log");
        log.append(append(1, 0, 3)).await.expect("an append");
        server.run(&database, lost);
        // Who is connected already is asked for its identity at the next connection.
        server.run(
            &database,
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
             WHERE datname = current_database() AND pid <> pg_backend_pid()",
        );
        let refused = log.append(append(2, 0, 1)).await;
        assert!(matches!(refused, Err(AppendError::Unavailable(_))), "{lost}: {refused:?}");
        let why = tokio::time::timeout(Duration::from_secs(5), log.failed()).await;
        assert!(why.is_ok(), "{lost}: the process is not told to end");
        assert_eq!(
            server.run(&database, "SELECT count(*) FROM events WHERE stream = 'key-2'"),
            "0",
            "{lost}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn another_process_sees_an_append_within_moments() {
    let server = SERVER.get();
    let url = parsed(&server.url(&server.new_database()));
    let log = PostgresLog::create(&url, identity(), &[]).await.expect("a new log");
    let beside = PostgresLog::open_read_only(&url).await.expect("the log");
    let mut late = Vec::new();
    for revision in 0..50 {
        let after = Position::new(revision);
        let waiting = async {
            let seen = beside.wait(after, Duration::from_secs(10)).await;
            (seen, tokio::time::Instant::now())
        };
        let appending = async {
            log.append(append(1, revision, 1)).await.expect("an append");
            tokio::time::Instant::now()
        };
        let ((seen, at), acknowledged) = tokio::join!(waiting, appending);
        assert_eq!(seen, Ok(after.next()));
        late.push(at.saturating_duration_since(acknowledged));
    }
    late.sort();
    println!("seen after {:?} (median), {:?} (the latest but one)", late[25], late[48]);
    // By polling alone half of them would take 50 ms and more.
    assert!(late[25] < Duration::from_millis(20), "{late:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_writer_that_is_stopped_in_its_transaction_keeps_the_others_waiting_for_seconds_and_not_for_ever() {
    let server = SERVER.get();
    let database = server.new_database();
    let url = server.url(&database);
    let log = PostgresLog::create(&parsed(&url), identity(), &[]).await.expect("a new log");
    // As a connection of ours does whose process was stopped after it took the lock.
    let stopped = format!("{url}?options=-c%20idle_in_transaction_session_timeout%3D5s");
    let mut stopped =
        <sqlx::PgConnection as sqlx::Connection>::connect(&stopped).await.expect("a connection");
    sqlx::raw_sql("BEGIN; SELECT * FROM head FOR UPDATE").execute(&mut stopped).await.expect("the lock");
    let asked = tokio::time::Instant::now();
    while log.append(append(1, 0, 1)).await.is_err() {
        assert!(asked.elapsed() < Duration::from_secs(20), "nobody writes any more");
    }
    assert!(asked.elapsed() > Duration::from_secs(2), "nobody held the lock");
}
