use std::sync::OnceLock;

use super::Broker;

/// A broker that tests of one binary have in common, each with topics of its own. It starts with the first test that asks
/// and stays to the end of the process: to start it again in each pause between tests would cost seconds. A static is
/// never dropped; the broker's keeper ends it all the same, and removes its home.
pub struct SharedBroker(OnceLock<Broker>);

impl SharedBroker {
    /// None runs yet.
    #[must_use]
    pub const fn new() -> Self {
        Self(OnceLock::new())
    }

    /// The broker that runs, or a new one.
    ///
    /// # Panics
    /// Where it does not start.
    pub fn get(&self) -> &Broker {
        self.0.get_or_init(Broker::start)
    }
}

impl Default for SharedBroker {
    fn default() -> Self {
        Self::new()
    }
}
