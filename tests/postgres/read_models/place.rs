use keyledger_read_models::{Contents, Database, PartnerKeys, PartnerKeysReader};

use super::story::{Story, log, tell};
use crate::{SERVER, parsed};

/// Where the read model of a test lies: a database of its own.
pub(crate) struct Place {
    pub(crate) name: String,
    pub(crate) database: Database,
}

impl Place {
    /// How many stories are made up.
    pub(crate) const CASES: u32 = 6;

    /// A new place, with nothing in it.
    pub(crate) fn new() -> Self {
        let name = SERVER.get().new_database();
        let database = Database::new(parsed(&SERVER.get().url(&name))).expect("a thread");
        Self { name, database }
    }

    /// The read model there.
    pub(crate) fn open(&self) -> PartnerKeys {
        PartnerKeys::open_in(&self.database, log()).expect("a read model")
    }

    /// The half that answers.
    pub(crate) fn reader(&self) -> PartnerKeysReader {
        PartnerKeysReader::open_in(&self.database, log()).expect("a reader")
    }

    /// Runs SQL past everything that is under test.
    #[track_caller]
    pub(crate) fn run(&self, sql: &str) -> String {
        SERVER.get().run(&self.name, sql)
    }

    /// Which of the server's processes holds the lease; empty where none does.
    pub(crate) fn leader(&self) -> String {
        self.run(&format!(
            "SELECT pid FROM pg_locks JOIN pg_database ON pg_database.oid = database
             WHERE locktype = 'advisory' AND classid = 1802269293 AND objid = 1 AND granted AND datname = '{}'",
            self.name
        ))
    }
}

/// What a file holds after the first events of a story.
pub(crate) fn in_a_file(story: &Story, up_to: usize) -> Contents {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let mut model = PartnerKeys::open(directory.path().join("read-models.db"), log()).expect("a read model");
    tell(&mut model, &story.events, 1..=up_to).expect("events that follow one another");
    model.contents().expect("contents")
}

/// Creations of many keys of one partner.
pub(crate) fn many(keys: u64) -> Story {
    let mut story = Story::new();
    for number in 0..keys {
        story.create(number, "acme", &["client:read"], None);
        if number % 7 == 0 {
            story.now = story.now.plus_seconds(1);
        }
    }
    story
}
