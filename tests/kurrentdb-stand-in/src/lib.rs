//! A KurrentDB in memory, for tests where no real one can be had: it speaks the vendor's own protocol, and answers the
//! calls that the event log's adapter makes, and those of a client of somebody else's that checks it.
//!
//! It judges expected revisions and ids as the real server does (`IndexWriter.CheckCommit` in its source), gives positions
//! that grow by the size of what is recorded, and refuses to read from a place where no record begins. It can lose lines,
//! before or after it recorded something, be no leader, be away, or be an older copy of itself.
#![allow(clippy::result_large_err, reason = "tonic answers with its `Status`, which is large")]

mod appending;
mod database;
mod filter;
mod line;
mod members;
mod protocol;
mod reading;
mod server;
mod subscription;
mod trouble;

pub use server::StandIn;
pub use trouble::Trouble;
