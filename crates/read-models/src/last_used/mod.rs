//! When each secret was last used, to the minute: a table of its own, beside the lists.
//!
//! It is not a projection: no event says it, so it has no checkpoint and no digest and cannot be made from the log again.
//! It is not evidence either: nothing in it is authenticated, and a crash takes its last minutes away. It helps people to
//! see whether a secret is still needed.

mod error;
mod reader;
mod table;

pub use error::LastUsedError;
pub use reader::LastUsedReader;
pub use table::LastUsedTable;
