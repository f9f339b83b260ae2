use std::sync::{Arc, Mutex, PoisonError, Weak};

use crate::Registry;

/// A registry that tests of one binary have in common, each with partners of its own. It starts with the first test that
/// asks and ends with the last one that lets go: a plain static would never be dropped, and its process would stay.
pub struct SharedRegistry(Mutex<Weak<Registry>>);

impl SharedRegistry {
    /// None runs yet.
    #[must_use]
    pub const fn new() -> Self {
        Self(Mutex::new(Weak::new()))
    }

    /// The registry that runs, or a new one.
    ///
    /// # Panics
    /// Where it does not start.
    pub fn get(&self) -> Arc<Registry> {
        let mut running = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        running.upgrade().unwrap_or_else(|| {
            let started = Arc::new(Registry::start());
            *running = Arc::downgrade(&started);
            started
        })
    }
}

impl Default for SharedRegistry {
    fn default() -> Self {
        Self::new()
    }
}
