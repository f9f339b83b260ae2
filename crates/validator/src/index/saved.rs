//! The index as it is written down: everything that events said and that judging needs. Buckets are not in it; they
//! begin full.

use std::sync::{Arc, atomic::Ordering::Release};

use keyledger_domain::{
    KeyId, PartnerId, Prefix, Scopes, Throttle, Timestamp, envelope::PepperId, event::SupersededSecret,
};
use keyledger_event_log::Checkpoint;
use keyledger_secret::Digest;
use serde::{Deserialize, Serialize};

use super::{
    Config, Grants, KeyIndex, LastCatalogue, Writer,
    facts::{Facts, KeyCell, Slot},
    interned::{Pace, Partner, ScopeSet},
    last_use::LastUse,
    still::Still,
};
use crate::bucket::Bucket;

/// The content of an index.
#[derive(Serialize, Deserialize)]
pub(crate) struct Saved {
    pub(super) catalogue: LastCatalogue,
    /// Keys that never came to be.
    pub(super) stillborn: Vec<(KeyId, u64)>,
    pub(super) keys: Vec<SavedKey>,
}

/// One key.
#[derive(Serialize, Deserialize)]
pub(super) struct SavedKey {
    pub(super) key_id: KeyId,
    partner_id: PartnerId,
    scopes: Scopes,
    throttle: (u32, u32),
    expires_at: Option<i64>,
    prefix: Prefix,
    superseded: Vec<(Prefix, i64)>,
    revision: u64,
    revoked: bool,
    unreadable: bool,
    /// Oldest first.
    secrets: Vec<SavedSecret>,
}

/// One secret.
#[derive(Serialize, Deserialize)]
pub(super) struct SavedSecret {
    prefix: Prefix,
    pepper_id: u32,
    digest: [u8; 32],
}

impl KeyIndex {
    /// Writes it down, sorted, with those secrets of a key that `keep` says.
    pub(super) fn write_down(&self, still: Still, keep: impl Fn(&Facts, Prefix) -> bool) -> Saved {
        let mut keys: Vec<_> = still.facts.iter().map(|facts| self.saved_key(facts, &keep)).collect();
        keys.sort_unstable_by_key(|key| key.key_id);
        let mut stillborn = still.stillborn;
        stillborn.sort_unstable();
        Saved { catalogue: still.catalogue, stillborn, keys }
    }

    /// The content of the index with every secret, and the checkpoint it belongs to.
    pub(crate) fn save(&self) -> (Checkpoint, Saved) {
        let still = self.still();
        (still.checkpoint.clone(), self.write_down(still, |_, _| true))
    }

    fn saved_key(&self, facts: &Facts, keep: impl Fn(&Facts, Prefix) -> bool) -> SavedKey {
        let throttle = facts.bucket.pace().throttle;
        SavedKey {
            key_id: facts.key_id,
            partner_id: facts.partner.id.clone(),
            scopes: facts.scopes.scopes.clone(),
            throttle: (throttle.rate_per_second(), throttle.burst()),
            expires_at: facts.expires_at.map(Timestamp::millis),
            prefix: facts.prefix,
            superseded: facts.superseded.iter().map(|old| (old.prefix, old.valid_until.millis())).collect(),
            revision: facts.revision,
            revoked: facts.revoked,
            unreadable: facts.unreadable,
            secrets: self.saved_secrets(facts, keep),
        }
    }

    fn saved_secrets(&self, facts: &Facts, keep: impl Fn(&Facts, Prefix) -> bool) -> Vec<SavedSecret> {
        let slots = self.slots.pin();
        let mut secrets = Vec::new();
        let mut next = facts.newest_slot;
        while let Some((prefix, slot)) = next.and_then(|prefix| slots.get_key_value(&prefix)) {
            if keep(facts, *prefix) {
                let (pepper_id, digest) = (slot.pepper_id.0, slot.digest.to_bytes());
                secrets.push(SavedSecret { prefix: *prefix, pepper_id, digest });
            }
            next = slot.previous.prefix();
        }
        secrets.reverse();
        secrets
    }

    /// An index that holds what was written down; none where it contradicts itself.
    pub(crate) fn from_saved(config: Config, checkpoint: Checkpoint, saved: Saved) -> Option<Self> {
        let index = Self::new(config);
        {
            let writer = &mut *index.writer();
            for key in saved.keys {
                index.restore_key(writer, key)?;
            }
            let grants = saved.catalogue.catalogue.as_ref().map(Grants::of).unwrap_or_default();
            index.grants.store(Arc::new(grants));
            writer.catalogue = saved.catalogue;
            writer.stillborn = saved.stillborn.into_iter().collect();
            index.position.store(checkpoint.position.get(), Release);
            index.progress.send_replace(checkpoint.position);
            writer.checkpoint = checkpoint;
        }
        Some(index)
    }

    fn restore_key(&self, writer: &mut Writer, key: SavedKey) -> Option<()> {
        let throttle = Throttle::new(key.throttle.0, key.throttle.1).ok()?;
        let superseded =
            |(prefix, until)| SupersededSecret { prefix, valid_until: Timestamp::from_millis(until) };
        let facts = Facts {
            key_id: key.key_id,
            partner: writer.partners.intern(&key.partner_id, Partner::new),
            scopes: writer.scope_sets.intern(&key.scopes, ScopeSet::new),
            bucket: Arc::new(Bucket::full(writer.paces.intern(&throttle, Pace::new))),
            expires_at: key.expires_at.map(Timestamp::from_millis),
            prefix: key.prefix,
            superseded: key.superseded.into_iter().map(superseded).collect(),
            newest_slot: key.secrets.last().map(|secret| secret.prefix),
            revision: key.revision,
            revoked: key.revoked,
            unreadable: key.unreadable,
        };
        let cell = Arc::new(KeyCell::from_pointee(facts));
        let slots = self.slots.pin();
        let mut previous = None;
        for SavedSecret { prefix, pepper_id, digest } in key.secrets {
            let pepper_id = PepperId(pepper_id);
            writer.pepper_ids.insert(pepper_id);
            let slot = Slot {
                pepper_id,
                digest: Digest::new(digest),
                key: cell.clone(),
                previous: previous.into(),
                last_use: LastUse::default(),
            };
            slots.try_insert(prefix, slot).ok()?;
            self.decoys.offer(prefix);
            previous = Some(prefix);
        }
        self.keys.pin().try_insert(key.key_id, cell).ok().map(|_| ())
    }
}
