//! What lies at the path decides: a log is opened, anything else is refused in a sentence and left as it was.

use std::{fs, os::unix::fs::PermissionsExt, path::PathBuf};

use keyledger_event_log::{
    Append, Claim, EventLog, Position,
    contract::{append, identity},
};
use keyledger_event_log_sqlite::{OpenError, SqliteLog};
use rusqlite::Connection;
use tempfile::TempDir;

fn place() -> (TempDir, PathBuf) {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("log.db");
    (directory, path)
}

/// Changes a log with SQL that the product would never run.
fn tamper(path: &PathBuf, sql: &str) {
    Connection::open(path).expect("the file").execute_batch(sql).expect("the change");
}

/// Both ways to open it refuse it with this text, and leave it as it is.
fn assert_refused(path: &PathBuf, text: &str) {
    let before = fs::read(path).ok();
    for open in [SqliteLog::open, SqliteLog::open_read_only] {
        let refused = open(path).err().expect("a refusal");
        assert_eq!(refused.to_string().replace(&path.display().to_string(), "PATH"), text);
    }
    assert_eq!(fs::read(path).ok(), before);
}

#[tokio::test]
async fn a_log_that_is_opened_again_holds_everything_byte_for_byte() {
    let (directory, path) = place();
    let log = SqliteLog::create(&path, identity()).expect("a new log");
    for number in 0..20 {
        let claims = vec![Claim::new(format!("prefix-{number}"))];
        log.append(Append { claims, ..append(number, 0, 3) }).await.expect("an append");
    }
    let before = log.read(Position::START, 100).await.expect("a read");
    assert_eq!(before.len(), 60);
    drop(log);
    let mut left: Vec<_> =
        fs::read_dir(&directory).expect("a directory").flatten().map(|f| f.file_name()).collect();
    left.sort();
    assert_eq!(left, ["log.db", "log.reserve"], "a closed log is one file, and the space kept beside it");

    let log = SqliteLog::open(&path).expect("the log");
    assert_eq!(log.identity(), identity());
    assert_eq!(log.read(Position::START, 100).await.expect("a read"), before);
    let claimed = Append { claims: vec![Claim::new("prefix-3")], ..append(99, 0, 1) };
    log.append(claimed).await.expect_err("claims are kept as well");
    assert_eq!(log.append(append(99, 0, 1)).await.expect("an append").position.get(), 61);
}

#[test]
fn what_lies_in_the_directory_is_nobody_elses_business() {
    let (directory, path) = place();
    let log = SqliteLog::create(&path, identity()).expect("a new log");
    let mut seen = Vec::new();
    for file in fs::read_dir(&directory).expect("a directory").flatten() {
        let mode = file.metadata().expect("its mode").permissions().mode() & 0o777;
        seen.push((file.file_name().into_string().expect("a name"), format!("{mode:o}")));
    }
    drop(log);
    seen.sort();
    let names = ["log.db", "log.db-shm", "log.db-wal", "log.reserve"];
    assert_eq!(seen, names.map(|name| (name.to_owned(), "600".to_owned())));
}

#[test]
fn a_log_is_never_made_over_another_nor_beside_what_is_left_of_one() {
    let (_directory, path) = place();
    drop(SqliteLog::create(&path, identity()).expect("a new log"));
    let bytes = fs::read(&path).expect("the log");
    assert!(
        matches!(SqliteLog::create(&path, identity()), Err(OpenError::Exists { path: there }) if there == path)
    );
    assert_eq!(fs::read(&path).expect("the log"), bytes);
    fs::remove_file(&path).expect("the log is gone");
    let wal = path.with_extension("db-wal");
    fs::write(&wal, "left behind").expect("a write-ahead log");
    assert!(
        matches!(SqliteLog::create(&path, identity()), Err(OpenError::Exists { path: there }) if there == wal)
    );
}

#[test]
fn a_log_that_is_missing_is_not_made_by_opening_it() {
    let (_directory, path) = place();
    assert_refused(&path, "there is no event log at PATH: initialise one, or correct the path");
    assert!(!path.exists());
}

#[test]
fn a_file_that_is_something_else_is_refused_and_left_as_it_was() {
    let (_directory, path) = place();
    let refusal =
        "PATH is not an event log of keyledger: correct the path, or put the log back from a backup";
    for bytes in [&b""[..], b"no database", &[7; 8192]] {
        fs::write(&path, bytes).expect("a file");
        assert_refused(&path, refusal);
    }
    fs::remove_file(&path).expect("a file");
    tamper(&path, "CREATE TABLE events (a); PRAGMA user_version = 1");
    assert_refused(&path, refusal);
}

#[test]
fn a_log_of_a_newer_build_is_refused_and_left_as_it_was() {
    let (_directory, path) = place();
    drop(SqliteLog::create(&path, identity()).expect("a new log"));
    tamper(&path, "PRAGMA user_version = 2");
    assert_refused(&path, "PATH has schema version 2, and this build knows 1: use a newer build");
}

#[test]
fn a_log_that_does_not_know_which_one_it_is_is_damaged() {
    for sql in ["INSERT INTO identity VALUES ('x', 1)", "UPDATE identity SET log = 'x'"] {
        let (_directory, path) = place();
        drop(SqliteLog::create(&path, identity()).expect("a new log"));
        tamper(&path, sql);
        for open in [SqliteLog::open, SqliteLog::open_read_only] {
            assert!(matches!(open(&path), Err(OpenError::Damaged { .. })), "{sql}");
        }
    }
}

#[tokio::test]
async fn a_copy_is_opened_by_nobody_as_a_log_before_it_is_finished_and_by_nobody_as_a_copy_afterwards() {
    let (_directory, path) = place();
    let copy = SqliteLog::open_unfinished(&path, identity()).expect("an empty copy");
    copy.append(append(1, 0, 2)).await.expect("an append");
    drop(copy);
    assert_refused(
        &path,
        "PATH is a copy of a log that was not finished, or a backup, and nobody may work on it: finish it with \
         `keyledger log copy --finish` or `keyledger restore`, or name another place",
    );
    let copy = SqliteLog::open_unfinished(&path, identity()).expect("it is gone on with");
    assert_eq!(copy.head().await, Ok(Position::new(2)));
    drop(copy);
    SqliteLog::finish(&path, identity()).expect("it is finished");
    let log = SqliteLog::open(&path).expect("a log");
    assert_eq!((log.identity(), log.head().await), (identity(), Ok(Position::new(2))));
    drop(log);
    for open in [SqliteLog::open_unfinished, SqliteLog::open_unfinished_read_only] {
        assert!(matches!(open(&path, identity()), Err(OpenError::Finished { .. })));
    }
    assert!(matches!(SqliteLog::finish(&path, identity()), Err(OpenError::Finished { .. })));
}
