//! What the index holds of a key and of a secret.

use std::sync::Arc;

use arc_swap::ArcSwap;
use keyledger_domain::{
    KeyId, Prefix, Timestamp, envelope::PepperId, event::SupersededSecret, verdict::Standing,
};
use keyledger_secret::Digest;

use super::{
    interned::{Partner, ScopeSet},
    last_use::LastUse,
};
use crate::bucket::Bucket;

/// All that judging needs to know of a key. It is replaced as a whole by each event, so that a request sees a key before
/// an event or after it, and never between.
#[derive(Clone)]
pub(crate) struct Facts {
    pub(crate) key_id: KeyId,
    pub(crate) partner: Arc<Partner>,
    pub(crate) scopes: Arc<ScopeSet>,
    pub(crate) bucket: Arc<Bucket>,
    pub(crate) expires_at: Option<Timestamp>,
    /// The prefix of its newest secret.
    pub(crate) prefix: Prefix,
    /// Older secrets that no event has ended; the clock may have.
    pub(crate) superseded: Vec<SupersededSecret>,
    /// The newest of its secrets that has a slot; each slot names the one before it.
    pub(crate) newest_slot: Option<Prefix>,
    pub(crate) revision: u64,
    pub(crate) revoked: bool,
    /// An event of it cannot be read by this build, or gave it a prefix that was taken: it denies.
    pub(crate) unreadable: bool,
}

impl Facts {
    /// Whether the secret with this prefix still works, as far as events say. A secret is dead unless they name it: no
    /// slot has to be changed for a generation to end.
    pub(crate) fn standing(&self, prefix: Prefix) -> Standing {
        if prefix == self.prefix {
            return Standing::Current;
        }
        let named = self.superseded.iter().find(|secret| secret.prefix == prefix);
        named.map_or(Standing::Ended, |secret| Standing::Overlapping(secret.valid_until))
    }

    /// Whether nothing but time can end the secret with this prefix any more.
    pub(crate) fn is_live(&self, prefix: Prefix) -> bool {
        !self.revoked && self.standing(prefix) != Standing::Ended
    }

    /// Whether it denies whatever its secret: it was revoked, or this build does not know all of it.
    pub(crate) fn denies(&self) -> bool {
        self.revoked || self.unreadable
    }
}

/// Where the facts of a key are found; its secrets share it.
pub(crate) type KeyCell = ArcSwap<Facts>;

/// One secret. Never removed, and never changed but for when it was used: a prefix is used once, and a dead secret is
/// remembered.
pub(crate) struct Slot {
    pub(crate) pepper_id: PepperId,
    pub(crate) digest: Digest,
    pub(crate) key: Arc<KeyCell>,
    /// The secret of the same key before this one.
    pub(crate) previous: Previous,
    /// By no event, so neither snapshots nor digests hold it.
    pub(crate) last_use: LastUse,
}

/// A prefix, or none, in eight bytes: an `Option` would need a ninth, and with it a slot and its prefix would no longer
/// fit into one line of memory.
#[derive(Clone, Copy)]
pub(crate) struct Previous([u8; 8]);

impl From<Option<Prefix>> for Previous {
    fn from(prefix: Option<Prefix>) -> Self {
        Self(prefix.map_or([0; 8], Prefix::to_bytes))
    }
}

impl Previous {
    pub(crate) fn prefix(self) -> Option<Prefix> {
        // A prefix begins with a letter, so eight zeros are none.
        Prefix::parse(&self.0).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_and_its_prefix_take_one_line_of_memory() {
        assert_eq!(size_of::<(Prefix, Slot)>(), 64);
    }

    #[test]
    fn the_secret_before_is_named_or_none() {
        let prefix = Prefix::parse(b"hT4kQ9xZ").expect("a prefix");
        for previous in [None, Some(prefix)] {
            assert_eq!(Previous::from(previous).prefix(), previous);
        }
    }
}
