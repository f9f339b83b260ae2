//! What auditors ask: the past at any moment, and proof that nobody edited it.
//!
//! Everything here is given a [`History`] and reads. It holds no driver, no listener and no secret: where the events come
//! from (a store, or a registry that answers over HTTP) is picked by the root crate.

mod history;
pub mod past;
pub mod proof;
pub mod signer;
pub mod tree;
pub mod verify;
mod watcher;

pub use history::{History, HistoryError, Walk, Witnessed};
pub use watcher::Watcher;
