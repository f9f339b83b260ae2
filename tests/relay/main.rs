//! The relay: what arrives in a real Kafka of what the log holds.
#![allow(
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "tests measure real time, and tell what they saw"
)]

use keyledger_tests::SharedBroker;

mod away;
mod bootstrap;
mod broker;
mod consumers;
mod faults;
mod kurrentdb;
mod records;
mod refusals;
mod restored;
mod scene;
mod verifying;

/// The broker for tests that keep to topics of their own.
static SHARED: SharedBroker = SharedBroker::new();
