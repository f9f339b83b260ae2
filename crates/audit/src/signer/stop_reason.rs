use std::{io, path::PathBuf};

use crate::tree::{CheckpointError, Origin};

/// What a signer does not go on after: somebody must look.
#[derive(Debug, thiserror::Error)]
pub enum StopReason {
    /// The log has a gap, is damaged, or holds an event that nobody may believe.
    #[error(transparent)]
    Log(#[from] keyledger_projectors::StopReason),
    /// The log ends before what was signed.
    #[error(
        "the log holds {found} events and a checkpoint over {signed} was signed: its end was cut off, or an older copy lies in \
         its place; nothing is signed until the log is back, see docs/transparency.md"
    )]
    Smaller {
        /// How many events the last checkpoint covers.
        signed: u64,
        /// How many there are.
        found: u64,
    },
    /// The log holds other events than were signed.
    #[error(
        "the first {signed} events of the log are not those that were signed: its past was changed; nothing is signed until the \
         log is back, see docs/transparency.md"
    )]
    Different {
        /// How many events the last checkpoint covers.
        signed: u64,
    },
    /// The memory is of another log, or of a later life of this one.
    #[error(
        "{} says that {remembered} was signed last, and this is {found}: put the log back that belongs to the key, or give this \
         one a signer key of its own", path.display()
    )]
    OtherLog {
        /// The memory.
        path: PathBuf,
        /// What was signed.
        remembered: Origin,
        /// What there is.
        found: Origin,
    },
    /// The memory cannot be read as one.
    #[error("{} is damaged: {source}; put it back, or remove it where the published checkpoint is the last one", path.display())]
    Memory {
        /// The memory.
        path: PathBuf,
        /// What is wrong with it.
        source: CheckpointError,
    },
    /// The published checkpoint was not signed by this key.
    #[error(
        "the checkpoint in {} is not this key's: {source}; put the signer key back that made it, or move the directory away and \
         tell auditors of the new key", path.display()
    )]
    OtherKey {
        /// The directory.
        path: PathBuf,
        /// What is wrong with it.
        source: CheckpointError,
    },
    /// The published checkpoint and the memory are both signed, and contradict each other.
    #[error("{} and the memory beside the signer key say different things of the first {size} events: one of them was changed", path.display())]
    Contradiction {
        /// The directory.
        path: PathBuf,
        /// The size of which they say different things.
        size: u64,
    },
    /// The signer panicked, which is a fault of this program.
    #[error("the signer panicked: this is a fault of keyledger, please report it with the log lines before")]
    Panicked,
}

/// Why an attempt ended.
#[derive(Debug)]
pub(super) enum Trouble {
    /// Trying again does not help.
    Stop(StopReason),
    /// Trying again may help.
    Passing(String),
}

impl From<keyledger_projectors::StopReason> for Trouble {
    fn from(reason: keyledger_projectors::StopReason) -> Self {
        reason.passing().map_or_else(|| Self::Stop(reason.into()), Self::Passing)
    }
}

impl From<StopReason> for Trouble {
    fn from(reason: StopReason) -> Self {
        Self::Stop(reason)
    }
}

impl From<io::Error> for Trouble {
    fn from(error: io::Error) -> Self {
        Self::Passing(format!("the tree cannot be kept: {error}"))
    }
}
