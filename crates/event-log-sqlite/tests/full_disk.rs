//! A disk without space: nothing is acknowledged but what is urgent, reads go on, and it ends by itself.

use std::{
    fs::{self, File},
    io::Write,
    path::Path,
    process::Command,
};

use keyledger_event_log::{
    Append, AppendError, EventLog, Lane, Position,
    contract::{append, identity},
};
use keyledger_event_log_sqlite::SqliteLog;
use tempfile::TempDir;

/// A file system of its own, of some megabytes.
struct SmallDisk(TempDir);

impl SmallDisk {
    /// None, said aloud, where this process may not mount one.
    fn mount() -> Option<Self> {
        let directory = tempfile::tempdir().expect("a directory");
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", "size=12m", "tmpfs"])
            .arg(directory.path())
            .status();
        if mounted.is_ok_and(|status| status.success()) {
            return Some(Self(directory));
        }
        // Written past the harness, which would keep it to itself.
        let told =
            writeln!(std::io::stderr(), "SKIPPED: no full disk was tested: mounting a tmpfs needs root");
        told.expect("standard error");
        None
    }

    /// Takes all the space there is, to the last byte.
    fn fill(&self) {
        let mut file = File::create(self.0.path().join("filling")).expect("a file");
        for size in [1 << 20, 1 << 12, 1] {
            while file.write_all(&vec![1; size]).is_ok() {}
        }
    }

    fn free(&self) {
        fs::remove_file(self.0.path().join("filling")).expect("the space is given back");
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let unmounted = Command::new("umount").arg(self.0.path()).status();
        assert!(unmounted.is_ok_and(|status| status.success()), "the disk is still in use");
    }
}

fn reserve(log: &Path) -> u64 {
    fs::metadata(log.with_extension("reserve")).expect("the reserve").len()
}

#[tokio::test]
async fn a_full_disk_takes_revocations_alone_until_there_is_space_again() {
    let Some(disk) = SmallDisk::mount() else { return };
    let path = disk.0.path().join("log.db");
    let log = SqliteLog::create(&path, identity()).expect("a new log");
    log.append(append(0, 0, 1)).await.expect("an append");
    let kept = reserve(&path);
    disk.fill();

    let mut acknowledged = 1;
    let refusal = loop {
        // What the write-ahead log already has may take a few.
        match log.append(append(acknowledged, 0, 1)).await {
            Ok(_) => acknowledged += 1,
            Err(refusal) => break refusal,
        }
        assert!(acknowledged < 1_000, "the disk is full");
    };
    assert!(matches!(&refusal, AppendError::Unavailable(why) if why.contains("disk is full")), "{refusal}");
    assert_eq!(log.head().await, Ok(Position::new(acknowledged)), "nothing of what was refused");
    assert_eq!(reserve(&path), kept, "an ordinary append does not touch the reserve");

    for number in 1_000..1_100 {
        let urgent = Append { lane: Lane::Urgent, ..append(number, 0, 1) };
        log.append(urgent).await.expect("a revocation fits");
        acknowledged += 1;
    }
    assert_eq!(reserve(&path), 0, "the reserve was given up");
    let refused = log.append(append(2_000, 0, 1)).await;
    assert!(
        matches!(refused, Err(AppendError::Unavailable(_))),
        "the space given up is not for others: {refused:?}"
    );
    assert_eq!(log.read(Position::START, 10_000).await.expect("reads go on").len() as u64, acknowledged);

    disk.free();
    log.append(append(2_000, 0, 1)).await.expect("it goes on by itself");
    assert_eq!(reserve(&path), kept, "the reserve is whole again");
    drop(log);
    let log = SqliteLog::open(&path).expect("the log again");
    assert_eq!(log.head().await, Ok(Position::new(acknowledged + 1)));
}

#[tokio::test]
async fn a_log_on_a_full_disk_can_be_opened() {
    let Some(disk) = SmallDisk::mount() else { return };
    let path = disk.0.path().join("log.db");
    let log = SqliteLog::create(&path, identity()).expect("a new log");
    log.append(append(0, 0, 1)).await.expect("an append");
    drop(log);
    disk.fill();
    let log = SqliteLog::open(&path).expect("the reserve makes room for it");
    assert_eq!(log.head().await, Ok(Position::new(1)));
    let refused = log.append(append(1, 0, 1)).await;
    assert!(matches!(refused, Err(AppendError::Unavailable(_))), "{refused:?}");
    log.append(Append { lane: Lane::Urgent, ..append(1, 0, 1) }).await.expect("a revocation fits");
}
