//! Journeys: what users see of a running registry, over HTTP, against the real binary. A module per theme.
#![allow(clippy::disallowed_methods, reason = "tests measure real time")]

use keyledger_tests::SharedRegistry;

mod catalogue;
mod emergency;
mod events;
mod happens;
mod idempotency;
mod immediately;
mod judged;
mod last_used;
mod life_of_a_key;
mod limits;
mod lists;
mod live_events;
mod operations;
mod preconditions;
mod properties;
mod read_your_writes;
mod restart;
mod shutdown;
mod telemetry;
mod throttle;
mod tls;
mod verify;
mod who_may_what;

/// The registry for tests that keep to partners of their own.
static SHARED: SharedRegistry = SharedRegistry::new();
