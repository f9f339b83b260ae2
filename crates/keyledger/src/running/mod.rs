//! What every process that runs a role needs, whether it runs one or all of them: listeners, the key index and its
//! snapshots, what the command service asks of the rest of the house.

mod ending;
mod key_index;
mod last_uses;
mod listening;
mod management;
pub(crate) mod past;
pub(crate) mod ports;
mod refusals;
mod reporter;
mod settled;
mod snapshots;
mod tidy;

pub(crate) use ending::Ending;
pub(crate) use key_index::FollowedIndex;
pub(crate) use last_uses::LastUses;
pub(crate) use listening::{every_core, listener, told, url};
pub(crate) use management::{Management, ManagementPorts};
pub(crate) use refusals::{as_message, as_problem};
pub(crate) use reporter::Reporter;
pub(crate) use settled::settled;
pub(crate) use snapshots::Snapshots;
pub(crate) use tidy::tidy_metrics;
