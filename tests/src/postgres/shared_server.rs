use std::sync::OnceLock;

use super::Postgres;

/// A server that tests of one binary have in common, each with a database of its own. As
/// [`SharedBroker`](crate::SharedBroker) it stays to the end of the process, and its keeper ends it.
pub struct SharedPostgres(OnceLock<Postgres>);

impl SharedPostgres {
    /// None runs yet.
    #[must_use]
    pub const fn new() -> Self {
        Self(OnceLock::new())
    }

    /// The server that runs, or a new one.
    ///
    /// # Panics
    /// Where it does not start.
    pub fn get(&self) -> &Postgres {
        self.0.get_or_init(Postgres::start)
    }
}

impl Default for SharedPostgres {
    fn default() -> Self {
        Self::new()
    }
}
