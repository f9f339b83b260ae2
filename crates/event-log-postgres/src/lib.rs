//! The event log on PostgreSQL: several command services, one gap-free order.
//!
//! A process groups the appends of its callers as the embedded log does: what waits is taken together into one
//! transaction. That transaction locks the one row of the table `head` first, so that one group at a time, whoever
//! writes it, is given its positions and committed: they are dense, and become visible in order. What a group needs to
//! know is asked for the whole group at once, each append is judged here, and what stands is written by one statement;
//! a commit costs a group and not an event, and the lock is held for some round trips and one flush.
//!
//! A group whose connection was lost is run again on a new one. Events have ids, so that one which was committed after
//! all is found and acknowledged, and one that was not is judged anew; and the lock makes the second run wait until the
//! server has ended the first. Only where the database stays away is a caller told that nobody knows.
//!
//! A log that no longer holds what this process saw committed (an older copy took over, somebody deleted) is never
//! written to again: [`PostgresLog::failed`] tells the process to end.

mod append;
mod connection;
mod fault;
mod group;
mod log;
mod open;
mod read;
mod schema;
mod watcher;
mod writer;

pub use keyledger_database_url::{DatabaseUrl, InvalidDatabaseUrl};
pub use log::PostgresLog;
pub use open::OpenError;
