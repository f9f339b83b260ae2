use keyledger_domain::{
    KeyId, PartnerId, Prefix, Scopes, Throttle, Timestamp, catalogue::Resource, event::SupersededSecret,
};
use keyledger_event_log::Position;
use serde::Serialize;

use super::{KeyIndex, facts::Facts};

/// One thing that the index holds, without what recognises secrets: what the public parts of events say of it.
#[derive(Serialize)]
#[serde(untagged)]
pub enum Told<'a> {
    /// What scopes mean.
    #[serde(rename_all = "camelCase")]
    Catalogue {
        /// `catalogue`.
        stream: &'static str,
        /// The revision of its last event; null before the first.
        revision: Option<u64>,
        /// Null where this build cannot read it.
        resources: Option<&'a [Resource]>,
    },
    /// A key that never came to be, since this build cannot read its first event.
    #[serde(rename_all = "camelCase")]
    Stillborn {
        /// Its id.
        key_id: KeyId,
        /// The revision of its last event.
        revision: u64,
        /// True.
        unreadable: bool,
    },
    /// A key, as far as it matters to a judge.
    #[serde(rename_all = "camelCase")]
    Key {
        /// Its id.
        key_id: KeyId,
        /// Whose it is.
        partner_id: &'a PartnerId,
        /// What it may do.
        scopes: &'a Scopes,
        /// How fast it may call.
        throttle: Throttle,
        /// When it ends; null: never.
        expires_at: Option<Timestamp>,
        /// The prefix of its newest secret.
        prefix: Prefix,
        /// Older secrets that no event has ended.
        superseded_secrets: &'a [SupersededSecret],
        /// Whether it was revoked.
        revoked: bool,
        /// The revision of its last event.
        revision: u64,
        /// Whether it denies because this build does not know all of it.
        unreadable: bool,
    },
}

impl KeyIndex {
    /// Tells everything that it holds at one moment: first the position of that moment, then the catalogue, then keys by
    /// their ids. `each` says whether it wants more.
    pub fn tell(&self, position: impl FnOnce(Position), mut each: impl FnMut(Told<'_>) -> bool) {
        let mut still = self.still();
        position(still.checkpoint.position);
        let catalogue = &still.catalogue;
        let resources = catalogue.catalogue.as_ref().map(|catalogue| catalogue.resources());
        if !each(Told::Catalogue { stream: "catalogue", revision: catalogue.revision, resources }) {
            return;
        }
        still.stillborn.sort_unstable();
        for (key_id, revision) in still.stillborn {
            if !each(Told::Stillborn { key_id, revision, unreadable: true }) {
                return;
            }
        }
        still.facts.sort_unstable_by_key(|facts| facts.key_id);
        for facts in &still.facts {
            if !each(told(facts)) {
                return;
            }
        }
    }
}

fn told(facts: &Facts) -> Told<'_> {
    Told::Key {
        key_id: facts.key_id,
        partner_id: &facts.partner.id,
        scopes: &facts.scopes.scopes,
        throttle: facts.bucket.pace().throttle,
        expires_at: facts.expires_at,
        prefix: facts.prefix,
        superseded_secrets: &facts.superseded,
        revoked: facts.revoked,
        revision: facts.revision,
        unreadable: facts.unreadable,
    }
}

impl KeyIndex {
    /// The secrets that may still work of which this index and `other` hold something else to recognise them by. Both hold
    /// the same keys.
    #[must_use]
    pub fn differing_secrets(&self, other: &Self) -> Vec<(KeyId, Prefix)> {
        let (slots, others) = (self.slots.pin(), other.slots.pin());
        let still = self.still();
        let mut differing = Vec::new();
        for facts in &still.facts {
            let named = facts.superseded.iter().map(|secret| secret.prefix).chain([facts.prefix]);
            for prefix in named.filter(|prefix| facts.is_live(*prefix)) {
                let [here, there] = [slots.get(&prefix), others.get(&prefix)]
                    .map(|slot| slot.map(|slot| (slot.pepper_id, slot.digest.to_bytes())));
                if here != there {
                    differing.push((facts.key_id, prefix));
                }
            }
        }
        differing
    }
}
