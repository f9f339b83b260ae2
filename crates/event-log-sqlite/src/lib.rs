//! The embedded event log: SQLite, one writer, many callers grouped into one commit.
//!
//! An append waits in one of two lanes ([`Lane`](keyledger_event_log::Lane)) until the one writer thread takes it,
//! together with everything else that waits, into one transaction. Each append of such a group is judged on its own;
//! all of them are made durable by one commit; then the readers are woken and the callers answered. The database is
//! the only truth: all that is kept in memory is which event was recorded last, so that a log that somebody else wrote
//! to is noticed before a position is given twice.
//!
//! A disk that fails to make a commit durable is never asked again, because a second attempt would appear to succeed,
//! and a log that was changed under its writer is not written to: the log refuses every append from then on, and [`SqliteLog::failed`] tells the process to end.

mod append;
mod connection;
mod fault;
mod group;
mod log;
mod open;
mod read;
mod readers;
mod reserve;
mod schema;
mod watcher;
mod worker;
mod writer;

pub use log::SqliteLog;
pub use open::OpenError;
