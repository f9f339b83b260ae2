use std::fs;

use keyledger_portal::people::{Keys, People};
use rusqlite::Connection;
use tempfile::TempDir;

/// Where the people of a test lie: a file.
pub(crate) struct Place(TempDir);

impl Place {
    /// A new place, with nobody in it.
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().expect("a temporary directory"))
    }

    /// The people there, as one machine opens them.
    pub(crate) fn open(&self, keys: Keys) -> People {
        People::open(&self.0.path().join("portal.db"), keys).expect("a file of people")
    }

    /// Runs SQL past everything that is under test.
    #[track_caller]
    pub(crate) fn run(&self, sql: &str) {
        self.db().execute_batch(sql).expect("whoever writes to the file can do that");
    }

    /// Changes rows by a statement; there have to be some.
    #[track_caller]
    pub(crate) fn forge(&self, sql: &str) {
        assert!(self.db().execute(sql, ()).is_ok_and(|rows| rows > 0), "{sql}");
    }

    /// Everything that whoever steals it can read.
    pub(crate) fn everything(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        for entry in fs::read_dir(self.0.path()).expect("a directory") {
            bytes.extend(fs::read(entry.expect("an entry").path()).expect("a file"));
        }
        bytes
    }

    fn db(&self) -> Connection {
        Connection::open(self.0.path().join("portal.db")).expect("the file")
    }
}
