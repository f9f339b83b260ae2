use keyledger_portal::people::{Keys, OpenError, People};

use crate::{SERVER, parsed};

/// Where the people of a test lie: a database of its own.
pub(crate) struct Place(String);

impl Place {
    /// A new place, with nobody in it.
    pub(crate) fn new() -> Self {
        Self(SERVER.get().new_database())
    }

    /// The people there, as one machine opens them.
    pub(crate) fn open(&self, keys: Keys) -> People {
        self.open_as("tester", keys).expect("people")
    }

    /// The people there, for somebody of a role.
    pub(crate) fn open_as(&self, role: &str, keys: Keys) -> Result<People, OpenError> {
        let url = SERVER.get().url(&self.0).replace("tester@", &format!("{role}@"));
        People::open_in(&parsed(&url), keys)
    }

    /// A name that no other test gives to a role.
    pub(crate) fn role(&self, what: &str) -> String {
        format!("{what}_{}", self.0)
    }

    /// Runs SQL past everything that is under test.
    #[track_caller]
    pub(crate) fn run(&self, sql: &str) -> String {
        SERVER.get().run(&self.0, &format!("SET search_path = keyledger_portal; {sql}"))
    }

    /// Changes rows by a statement; there have to be some.
    #[track_caller]
    pub(crate) fn forge(&self, sql: &str) {
        assert!(!self.run(&format!("{sql} RETURNING 1")).is_empty(), "{sql}");
    }

    /// Everything that whoever steals it can read.
    pub(crate) fn everything(&self) -> Vec<u8> {
        let tables = ["people", "standing_changes", "sessions", "setup_code"];
        let read = tables.map(|table| self.run(&format!("SELECT * FROM {table}")));
        assert!(read.iter().all(|rows| !rows.is_empty()), "a table is empty, so nothing is told of it");
        read.concat().into_bytes()
    }
}
