//! What the command service asks of the rest of the house, fulfilled by the validator's index and the read models.

mod gatekeeper;
mod key_lists;
mod keyring;
mod last_used;
mod lists;
mod projections;
mod readers;
mod snapshots;
mod transparency;

pub(crate) use gatekeeper::IndexGatekeeper;
pub(crate) use key_lists::SqlKeyLists;
pub(crate) use keyring::KeyringPort;
pub(crate) use last_used::IndexAndTable;
pub(crate) use lists::Lists;
pub(crate) use projections::IndexAndLists;
pub(crate) use readers::{FollowedLists, IndexHereListsElsewhere, LocalReaders};
pub(crate) use snapshots::IndexSnapshots;
pub(crate) use transparency::TransparencyFiles;
