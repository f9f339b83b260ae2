//! What every theme of tests shares: the real binary as a process, what speaks to it over HTTP, over a bare socket and
//! from a terminal, a real Kafka beside it, a real browser before it, and how to wait for something.
//!
//! ```no_run
//! use keyledger_tests::Registry;
//!
//! let mut registry = Registry::start();
//! let key = registry.create("acme", "billing", &["client:read"]);
//! assert_eq!(registry.health(&key.secret).status, 200);
//! registry.kill();
//! registry.restart();
//! assert_eq!(registry.health(&key.secret).status, 200);
//! ```
//!
//! Everything blocks, so that a test reads from top to bottom and concurrency is a thread that one can see. A helper that
//! cannot go on panics at the caller's line with what it got instead.
#![allow(
    clippy::disallowed_methods,
    reason = "tests measure real time and look for the binary beside themselves"
)]

mod answer;
mod binary;
mod browser;
mod call;
mod copy_all;
mod created;
mod dice;
mod fetched;
mod free_port;
mod kafka;
mod kept;
mod launch;
mod lines;
mod log_store;
mod made_up;
mod moment;
mod needed;
mod needles;
mod node_modules;
mod openid_provider;
mod patience;
mod postgres;
mod python;
mod registry;
mod role_process;
mod running;
mod shared_registry;
mod shim;
mod started;
mod target;
mod terminal;
mod wire;

pub use answer::Answer;
pub use binary::binary;
pub use browser::{Browser, Key, Tab};
pub use call::{Call, Client};
pub use copy_all::copy_all;
pub use created::Created;
pub use dice::{Dice, soak};
pub use free_port::free_port;
pub use kafka::{
    Broker, Credentials, Proxy, Record, SharedBroker, committed, settled, transaction_is_open, uncommitted,
};
pub use launch::Launch;
pub use lines::{Lines, ServerSentEvent};
pub use made_up::{random_bytes, unknown_secret, with_checksum, wrong_secret_for};
pub use moment::{from_now, millis};
pub use needles::{Needles, to_base64};
pub use openid_provider::{OpenIdProvider, Tampering};
pub use patience::{eventually, within};
pub use postgres::{Postgres, SharedPostgres};
pub use python::python;
pub use registry::Registry;
pub use role_process::{RoleProcess, client_file, second_machine};
pub use shared_registry::SharedRegistry;
pub use shim::shim;
pub use started::{Addresses, NotStarted};
pub use terminal::{Ran, Terminal};
pub use wire::{RawAnswer, Wire};
