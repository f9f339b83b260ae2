//! The transparency log: a tree of hashes over the public parts of all events, in the form of C2SP `tlog-tiles`, with its
//! heads signed as C2SP `tlog-checkpoint`. Whoever kept an old checkpoint can find out whether the past is still the same.
//!
//! A leaf is the public part of an event, byte for byte; its index counts events from 0, whatever the store's positions
//! are. Hashing is RFC 6962's. [`Edge`] grows a tree, [`Directory`] keeps its files, [`TileName`] says where each lies.

mod checkpoint;
pub(crate) mod directory;
mod edge;
pub mod entries;
mod origin;
mod signing_key;
mod tile_name;
mod tiles;
mod verifier_key;

pub use checkpoint::{Checkpoint, CheckpointError};
pub use directory::Directory;
pub(crate) use directory::hashes_in;
pub use edge::Edge;
pub(crate) use edge::perfect;
pub use origin::Origin;
pub use signing_key::SigningKey;
pub use tile_name::{TILE_WIDTH, TileKind, TileName};
pub use tiles::Tiles;
pub use tlog_tiles::Hash;
pub use verifier_key::VerifierKey;

/// The hash of a leaf: that of an event's public part.
#[must_use]
pub fn leaf_hash(public: &[u8]) -> Hash {
    tlog_tiles::record_hash(public)
}
