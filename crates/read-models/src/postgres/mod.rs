//! The read models in a database that several machines share: PostgreSQL through sqlx.
//!
//! The lists lie in a schema of their own. Of several writers one holds a lease, which is a lock of its session: it is lost
//! with the connection, and whoever stands by takes it within a second. What keeps a writer that was replaced from writing
//! late is not the lease but the one row of `checkpoint`: each transaction locks it first and goes on from what it says.
//!
//! A rebuild makes the same tables in a schema beside, and then the schemas change their names in one transaction
//! ([`Swap`]). No statement names a schema, so the next one of every process finds the new tables.

mod database;
mod last_used;
mod lease;
mod questions;
mod schema;
mod standing;
mod swap;
mod write;
mod writer;

pub use database::Database;
pub(crate) use last_used::{Writer as LastUsedWriter, last_used};
pub(crate) use questions::{at_one_moment, contents};
pub(crate) use schema::to_read;
pub use swap::{Swap, SwapError};
pub(crate) use writer::Writer;
