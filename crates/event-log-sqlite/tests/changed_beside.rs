//! Somebody writes to the file under the running log: no position is given twice, and nobody is told that all is well.

use std::{path::PathBuf, time::Duration};

use keyledger_event_log::{
    Append, AppendError, EventLog, Lane, Position,
    contract::{append, identity},
};
use keyledger_event_log_sqlite::SqliteLog;
use rusqlite::Connection;
use tempfile::TempDir;

/// Long enough for anything that is going to happen.
const PATIENCE: Duration = Duration::from_secs(20);

/// A log with three events, held open by its writer.
async fn log_of_three() -> (TempDir, PathBuf, SqliteLog) {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("log.db");
    let log = SqliteLog::create(&path, identity()).expect("a new log");
    for number in 1..=3 {
        log.append(append(number, 0, 1)).await.expect("an append");
    }
    (directory, path, log)
}

fn change(path: &PathBuf, sql: &str) {
    Connection::open(path).expect("the file").execute_batch(sql).expect("the change");
}

/// After this change nothing is recorded any more, also when the file is as it was again.
async fn ends_at(sql: &str) {
    let (_directory, path, log) = log_of_three().await;
    change(&path, "CREATE TABLE kept AS SELECT * FROM events");
    log.append(append(1, 1, 1)).await.expect("another table is nobody's business");
    change(&path, "INSERT INTO kept SELECT * FROM events WHERE position = 4");
    change(&path, sql);
    let changed = log.read(Position::START, 10).await.expect("a read");

    let refused = log.append(Append { lane: Lane::Urgent, ..append(2, 1, 1) }).await;
    let told = "the log was changed by somebody else under the running process";
    assert!(matches!(&refused, Err(AppendError::Unavailable(why)) if why.contains(told)), "{refused:?}");
    let why = tokio::time::timeout(PATIENCE, log.failed()).await.expect("the process is told to end");
    assert!(why.starts_with(told), "{why}");
    assert_eq!(log.read(Position::START, 10).await.expect("a read"), changed, "nothing was recorded: {sql}");

    change(&path, "DELETE FROM events; INSERT INTO events SELECT * FROM kept");
    let refused = log.append(append(2, 1, 1)).await;
    assert!(matches!(refused, Err(AppendError::Unavailable(_))), "{refused:?}");

    drop(log);
    let log = SqliteLog::open(&path).expect("the log again");
    assert_eq!(log.append(append(2, 1, 1)).await.expect("an append").position, Position::new(5));
}

#[tokio::test]
async fn a_last_event_that_was_deleted_is_not_written_over() {
    ends_at("DELETE FROM events WHERE position = 4").await;
}

#[tokio::test]
async fn a_log_that_was_emptied_is_not_begun_anew() {
    ends_at("DELETE FROM events").await;
}

#[tokio::test]
async fn nothing_is_recorded_behind_a_last_event_that_was_exchanged() {
    let moved = "UPDATE events SET position = 4 WHERE position = 3";
    ends_at(&format!("DELETE FROM events WHERE position = 4; {moved}")).await;
    ends_at("UPDATE events SET mac = x'00' WHERE position = 4").await;
}

#[tokio::test]
async fn nothing_is_recorded_behind_an_event_that_somebody_else_put_in() {
    let columns = "'00000000-0000-0000-0000-000000000001', 'key-planted', 0, x'', x'', x'00'";
    ends_at(&format!("INSERT INTO events VALUES (5, {columns})")).await;
}

#[tokio::test]
async fn what_was_changed_before_the_log_is_opened_is_where_it_goes_on() {
    let (_directory, path, log) = log_of_three().await;
    drop(log);
    change(&path, "DELETE FROM events WHERE position = 3");
    let log = SqliteLog::open(&path).expect("the log again");
    let position = log.append(append(1, 1, 1)).await.expect("who has read position 3 notices").position;
    assert_eq!(position, Position::new(3));
}

#[tokio::test]
async fn a_head_that_fell_is_told_to_who_waits() {
    let (_directory, path, log) = log_of_three().await;
    let beside = SqliteLog::open_read_only(&path).expect("the log beside its writer");
    change(&path, "DELETE FROM events WHERE position = 3");
    for log in [log, beside] {
        let asked = log.wait(Position::new(3), Duration::from_millis(30)).await;
        assert_eq!(asked, Ok(Position::new(2)));
        // Known to this process is position 3, until it has looked at the file again.
        let fallen = async {
            while log.wait(Position::new(2), Duration::from_millis(1)).await != Ok(Position::new(2)) {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        };
        tokio::time::timeout(PATIENCE, fallen).await.expect("position 3 is not promised for ever");
    }
}
