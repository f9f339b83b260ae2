//! A real Kafka for the tests: one node that is its own controller, fetched once through Maven and run with Java.
//!
//! A broker costs about three seconds and 250 MB. Tests that only write to topics of their own share one
//! ([`SharedBroker`]); those that kill theirs, or look at the whole of it, start one each.

mod broker;
mod cluster;
mod compaction;
mod connection;
mod credentials;
mod evidence;
mod jars;
mod java;
mod properties;
mod proxy;
mod record;
mod shared_broker;

pub use broker::Broker;
pub use credentials::Credentials;
pub use proxy::Proxy;
pub use record::{Record, committed, settled, transaction_is_open, uncommitted};
pub use shared_broker::SharedBroker;
