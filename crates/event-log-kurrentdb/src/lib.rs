//! The event log on KurrentDB: streams and claims under the store's own expected revisions, in the order of its `$all`.
//!
//! KurrentDB has no transaction over streams, so that an append is several steps: what the stream and the claims hold is
//! read, the claims that are free are taken, each a stream of its own that must not exist, and the events go to their
//! stream with its expected revision. Whenever it is cut off, the same append again comes to the same end: a claim is the
//! stream's own, and an id is recorded once.
//!
//! The store acknowledges ids that it has seen in their place without looking at their bytes, and an id at the end of a
//! stream twice. So nothing is acknowledged here before it was read back, byte for byte. Where the outcome of a call is
//! unknown, the stream is read, which tells; only where the store stays away is a caller told that nobody knows.
//!
//! A log that no longer holds what this process saw recorded is never written to again: [`KurrentLog::failed`] tells the
//! process to end.
//!
//! The vendor's client brings two providers of cryptography for rustls; whoever uses this crate installs one of them as the
//! default before anything else speaks TLS.

mod append;
mod claim;
mod connection;
mod fault;
mod identity;
mod log;
mod metadata;
mod open;
mod place;
mod read;
mod url;
mod watcher;
mod writer;

pub use log::KurrentLog;
pub use open::OpenError;
pub use url::{DatabaseUrl, InvalidDatabaseUrl};
