//! Other handles on the file, as other processes have them.

use std::{
    fs,
    io::{Seek, SeekFrom, Write},
    path::PathBuf,
    time::Duration,
};

use keyledger_event_log::{
    AppendError, EventLog, Position, ReadError, Revision,
    contract::{append, event, identity, stream},
};
use keyledger_event_log_sqlite::SqliteLog;
use rusqlite::Connection;
use tempfile::TempDir;
use tokio::time::Instant;

fn log() -> (TempDir, PathBuf, SqliteLog) {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("log.db");
    let log = SqliteLog::create(&path, identity()).expect("a new log");
    (directory, path, log)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_waiter_in_another_process_notices_an_append_within_20_ms() {
    let (_directory, path, log) = log();
    let other = SqliteLog::open_read_only(path).expect("the log beside its writer");
    let mut delays = Vec::new();
    for revision in 0..21 {
        let wait = async {
            let head = other.wait(Position::new(revision), Duration::from_secs(20)).await;
            (head, Instant::now())
        };
        let write = async {
            // Somewhere between two looks at the file.
            tokio::time::sleep(Duration::from_micros(3_000 + 700 * revision)).await;
            (log.append(append(1, revision, 1)).await.expect("an append"), Instant::now())
        };
        let ((head, woken), (appended, acknowledged)) = tokio::join!(wait, write);
        assert_eq!(head, Ok(appended.position));
        delays.push(woken.saturating_duration_since(acknowledged));
    }
    // The median, since a busy machine may let any single thread wait.
    delays.sort();
    assert!(delays[10] <= Duration::from_millis(20), "{delays:?}");
}

#[tokio::test]
async fn a_handle_that_only_reads_reads_everything_and_appends_nothing() {
    let (_directory, path, log) = log();
    log.append(append(1, 0, 3)).await.expect("an append");
    let other = SqliteLog::open_read_only(&path).expect("the log beside its writer");
    assert_eq!(other.identity(), identity());
    assert_eq!(other.read(Position::START, 10).await, log.read(Position::START, 10).await);
    assert_eq!(other.read_stream(&stream(1), Revision::new(2)).await.expect("a read").len(), 1);
    assert!(other.find(event(1, 1).id).await.expect("a look-up").is_some());
    assert!(matches!(other.append(append(1, 3, 1)).await, Err(AppendError::Unavailable(_))));

    drop(log);
    drop(other);
    let alone = SqliteLog::open_read_only(&path).expect("the log without its writer");
    assert_eq!(alone.head().await, Ok(Position::new(3)));
}

#[tokio::test]
async fn a_waiter_whose_patience_runs_out_has_really_asked() {
    let (_directory, path, log) = log();
    log.append(append(1, 0, 1)).await.expect("an append");
    let other = SqliteLog::open_read_only(&path).expect("the log beside its writer");
    let change = "ALTER TABLE events RENAME TO gone";
    Connection::open(&path).expect("the file").execute_batch(change).expect("the change");
    let asked = other.wait(Position::new(1), Duration::from_millis(30)).await;
    asked.expect_err("a log that is gone is not quiet");
}

#[tokio::test]
async fn a_read_is_bounded_by_bytes_as_well_and_goes_on_where_it_ended() {
    let (_directory, _path, log) = log();
    for number in 0..4 {
        let mut large = append(number, 0, 100);
        for event in &mut large.events {
            event.public = vec![b' '; 16 * 1024];
        }
        log.append(large).await.expect("an append");
    }
    let first = log.read(Position::START, 1_000).await.expect("a read");
    assert!((200..300).contains(&first.len()), "about 4 MiB, not {} events", first.len());
    let rest = log.read(first[first.len() - 1].position, 1_000).await.expect("a read");
    assert_eq!(first.len() + rest.len(), 400);
}

#[tokio::test]
async fn what_no_event_can_hold_is_damage_and_not_an_event() {
    for sql in ["UPDATE events SET id = 'not a UUID'", "UPDATE events SET id = upper(id) || '0'"] {
        let (_directory, path, log) = log();
        log.append(append(1, 0, 1)).await.expect("an append");
        Connection::open(path).expect("the file").execute_batch(sql).expect("the change");
        assert!(matches!(log.read(Position::START, 10).await, Err(ReadError::Damaged(_))), "{sql}");
    }
}

#[tokio::test]
async fn a_page_that_is_overwritten_is_damage() {
    let (_directory, path, log) = log();
    for number in 0..200 {
        log.append(append(number, 0, 1)).await.expect("an append");
    }
    drop(log);
    let mut file = fs::File::options().write(true).open(&path).expect("the file");
    let length = file.metadata().expect("its length").len();
    // Everything but the first page, which tells that it is a log and where its tables are.
    for page in 1..length / 4096 {
        file.seek(SeekFrom::Start(page * 4096)).expect("a page");
        file.write_all(&[0xA5; 64]).expect("damage");
    }
    match SqliteLog::open_read_only(&path) {
        Err(refused) => assert!(refused.to_string().contains("is damaged"), "{refused}"),
        Ok(log) => assert!(matches!(log.read(Position::START, 1_000).await, Err(ReadError::Damaged(_)))),
    }
}

#[tokio::test]
async fn a_trigger_planted_in_the_file_does_not_run() {
    let (_directory, path, log) = log();
    let planted =
        "CREATE TRIGGER planted AFTER INSERT ON events BEGIN DELETE FROM claims; DELETE FROM events; END";
    Connection::open(&path).expect("the file").execute_batch(planted).expect("the trigger");
    log.append(append(1, 0, 2)).await.expect("an append");
    assert_eq!(log.read(Position::START, 10).await.expect("a read").len(), 2);
}
