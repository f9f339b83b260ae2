//! The read models in files: SQLite through rusqlite.

mod connection;
mod last_used;
mod last_used_schema;
mod open;
#[cfg(test)]
mod plans;
mod pool;
mod questions;
mod schema;
mod write;
mod writer;

pub(crate) use last_used::{File as LastUsedFile, last_used};
pub(crate) use open::{remove, to_read};
pub(crate) use pool::Pool;
pub(crate) use writer::{Writer, at_one_moment, contents};
