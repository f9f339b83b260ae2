//! The aggregate of a key: its state, the commands on it, and the two pure functions between them and its events.
//! One command a file; [`decide`](decide()) and [`evolve`](evolve()) are the tables of contents.

mod create_key;
mod decide;
mod edit_key;
mod end_overlap;
mod evolve;
mod facts;
mod regenerate_key;
mod rejection;
mod revoke_key;
mod scenario;
mod state;

pub use create_key::CreateKey;
pub use decide::{Command, Situation, decide};
pub use edit_key::EditKey;
pub use end_overlap::EndOverlap;
pub use evolve::{Happened, evolve};
pub use facts::{KeyFacts, StoredStatus};
pub use regenerate_key::{InvalidOverlap, Overlap, RegenerateKey, Replace};
pub use rejection::Rejection;
pub use revoke_key::RevokeKey;
pub use state::{Key, Revoked, Status};
