//! What auditors ask: the past at any moment, a replay, and proof that nobody edited it.
#![allow(clippy::disallowed_methods, reason = "tests measure real time, and look for the tools they need")]

use keyledger_tests::SharedRegistry;

mod access_review;
mod diff;
mod explain;
mod export;
mod independent;
mod mutations;
mod random_life;
mod replay;
mod scene;
mod signer;
mod time_travel;
mod verify;

/// The registry for tests that keep to partners of their own.
static SHARED: SharedRegistry = SharedRegistry::new();
