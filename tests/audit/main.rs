//! What auditors ask: the past at any moment, a replay, and proof that nobody edited it.
#![allow(clippy::disallowed_methods, reason = "tests measure real time and look for Go")]

use keyledger_tests::SharedRegistry;

mod export;
mod independent;
mod mutations;
mod replay;
mod scene;
mod signer;
mod verify;

/// The registry for tests that keep to partners of their own.
static SHARED: SharedRegistry = SharedRegistry::new();
