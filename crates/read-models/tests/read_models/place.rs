use keyledger_read_models::PartnerKeys;
use tempfile::TempDir;

use super::story::log;

/// Where the read model of a test lies: a file.
pub(crate) struct Place(TempDir);

impl Place {
    /// How many stories are made up.
    pub(crate) const CASES: u32 = 32;

    /// A new place, with nothing in it.
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().expect("a temporary directory"))
    }

    /// The read model there.
    pub(crate) fn open(&self) -> PartnerKeys {
        PartnerKeys::open(self.0.path().join("read-models.db"), log()).expect("a read model")
    }
}
