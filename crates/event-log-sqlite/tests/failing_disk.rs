//! A disk that fails to make a commit durable: told as unknown, never asked again, found out by the next start.
#![allow(clippy::disallowed_methods, reason = "the test starts itself again with the failing disk preloaded")]

use std::{env, fs, path::Path, process::Command, time::Duration};

use keyledger_event_log::{
    AppendError, EventLog, Position,
    contract::{append, identity},
};
use keyledger_event_log_sqlite::SqliteLog;

const NAME: &str = "a_failed_fsync_is_told_as_unknown_and_never_tried_again";

#[tokio::test]
async fn a_failed_fsync_is_told_as_unknown_and_never_tried_again() {
    match env::var_os("FAILING_DISK") {
        Some(failing) => fails(Path::new(&failing)).await,
        None => start_again_on_a_failing_disk(),
    }
}

fn start_again_on_a_failing_disk() {
    let directory = tempfile::tempdir().expect("a directory");
    let library = directory.path().join("sync.so");
    let source = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/failing_disk/sync.c");
    let compiled =
        Command::new("cc").args(["-shared", "-fPIC", "-Wall", "-o"]).arg(&library).arg(source).status();
    assert!(compiled.expect("cc, which bundled SQLite is built with").success());
    let output = Command::new(env::current_exe().expect("this test"))
        .args(["--exact", NAME, "--nocapture"])
        .env("LD_PRELOAD", &library)
        .env("FAILING_DISK", directory.path().join("failing"))
        .output()
        .expect("this test again");
    let text = String::from_utf8_lossy(&output.stdout);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && text.contains("1 passed"), "{text}\n{errors}");
}

async fn fails(failing: &Path) {
    let path = failing.with_file_name("log.db");
    let log = SqliteLog::create(&path, identity()).expect("a new log");
    log.append(append(1, 0, 1)).await.expect("the disk works");
    let quiet = tokio::time::timeout(Duration::from_millis(20), log.failed()).await;
    quiet.expect_err("nothing has failed yet");

    fs::write(failing, "").expect("the disk fails from now on");
    let unknown = log.append(append(2, 0, 1)).await;
    assert!(matches!(unknown, Err(AppendError::OutcomeUnknown(_))), "{unknown:?}");
    let why = log.failed().await;
    assert!(why.contains("disk I/O error"), "{why}");
    assert_eq!(log.head().await, Ok(Position::new(1)), "what is not known to be durable is not shown");
    let failures = fs::read_to_string(failing).expect("the failures");
    assert!(failures.lines().count() == 1 && failures.ends_with("/log.db-wal\n"), "{failures}");

    fs::rename(failing, failing.with_file_name("failed")).expect("the disk seems to work again");
    let refused = log.append(append(3, 0, 1)).await;
    assert!(matches!(refused, Err(AppendError::Unavailable(_))), "{refused:?}");
    let wal = fs::read(path.with_file_name("log.db-wal")).expect("the write-ahead log");
    drop(log);
    let left = fs::read(path.with_file_name("log.db-wal")).expect("closing leaves it to the next start");
    assert!(left == wal, "closing wrote to it");

    let log = SqliteLog::open(&path).expect("the log again");
    log.append(append(2, 0, 1)).await.expect("the same append finds out, or is recorded now");
    assert_eq!(log.head().await, Ok(Position::new(2)), "once");
}
