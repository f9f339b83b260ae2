//! The registry's address, which changes with each start.

use std::sync::{Condvar, Mutex};
use std::time::{Duration, Instant};

use keyledger_tests::{Client, Registry};

/// How long a client waits for the registry to come back.
const PATIENCE: Duration = Duration::from_secs(120);

/// Where clients find the registry of the moment, or wait for the next one.
#[derive(Default)]
pub(crate) struct Door {
    inside: Mutex<Inside>,
    changed: Condvar,
}

#[derive(Default)]
struct Inside {
    /// How often it was opened or closed.
    turn: u64,
    client: Option<Client>,
    /// Nobody is to begin anything new.
    over: bool,
    /// There will be no registry any more.
    given_up: bool,
}

impl Door {
    /// Leads to this registry from now on.
    pub(crate) fn open(&self, registry: &Registry) {
        self.change(|inside| inside.client = Some(registry.operator()));
    }

    /// Leads nowhere.
    pub(crate) fn close(&self) {
        self.change(|inside| inside.client = None);
    }

    /// Lets clients end, each once it knows what became of its last command.
    pub(crate) fn no_more(&self) {
        self.change(|inside| inside.over = true);
    }

    /// Lets clients end at once, also those that wait to know.
    pub(crate) fn give_up(&self) {
        self.change(|inside| (inside.over, inside.given_up, inside.client) = (true, true, None));
    }

    pub(crate) fn is_over(&self) -> bool {
        self.inside.lock().expect("nobody panics in here").over
    }

    /// The registry, and which one it is; waits while there is none. None where there will be none any more.
    pub(crate) fn enter(&self) -> Option<(u64, Client)> {
        let deadline = Instant::now() + PATIENCE;
        let mut inside = self.inside.lock().expect("nobody panics in here");
        loop {
            if inside.given_up {
                return None;
            }
            if let Some(client) = &inside.client {
                return Some((inside.turn, client.clone()));
            }
            let left = deadline.checked_duration_since(Instant::now()).expect("the registry comes back");
            inside = self.changed.wait_timeout(inside, left).expect("nobody panics in here").0;
        }
    }

    /// Waits until that registry is gone; what broke a connection is this, and nothing else.
    pub(crate) fn wait_for_its_end(&self, turn: u64) {
        let inside = self.inside.lock().expect("nobody panics in here");
        let (inside, _) = self
            .changed
            .wait_timeout_while(inside, PATIENCE, |inside| inside.turn == turn)
            .expect("nobody panics in here");
        assert_ne!(inside.turn, turn, "a connection broke, and nobody had ended the registry");
    }

    fn change(&self, change: impl FnOnce(&mut Inside)) {
        let mut inside = self.inside.lock().expect("nobody panics in here");
        inside.turn += 1;
        change(&mut inside);
        self.changed.notify_all();
    }
}
