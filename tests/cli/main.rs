//! The command line as a script uses it: exit codes, JSON, and errors in one line that says what to do.

use keyledger_tests::SharedRegistry;

mod deployment;
mod emergency;
mod events;
mod first_start;
mod keyring;
mod keys;
mod one_process;
mod operator_key;
mod over_tls;
mod projections;
mod scopes;
mod settings;
mod usage;

/// The registry for tests that keep to partners of their own.
static SHARED: SharedRegistry = SharedRegistry::new();
