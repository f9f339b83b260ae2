//! What auditors ask: the past at any moment, a replay, and proof that nobody edited it.

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
