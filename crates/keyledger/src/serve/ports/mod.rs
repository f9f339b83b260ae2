//! What the command service asks of the rest of the house, fulfilled by the validator's index and the read models.

mod gatekeeper;
mod key_lists;
mod last_used;
mod readers;

pub(super) use gatekeeper::IndexGatekeeper;
pub(super) use key_lists::SqlKeyLists;
pub(super) use last_used::IndexAndTable;
pub(super) use readers::LocalReaders;
