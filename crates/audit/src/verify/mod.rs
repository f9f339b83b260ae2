//! Verification: the log against the tree, the tree against its checkpoint, both against a checkpoint that an auditor kept.
//!
//! Everything is read once, in order. Each event is checked by itself and against the events before it, and its hash is
//! held against the leaf that was signed. What does not agree is named and gone past, as far as that can be done, so that
//! one verification tells as much as possible.

mod alignment;
mod conclude;
mod finding;
mod log_reader;
mod places;
mod report;
mod signed_leaves;
mod trees;
mod work;

pub use finding::Finding;
pub use report::{KeySource, Report};
pub use work::{VerifyError, VerifyParts, verify};
