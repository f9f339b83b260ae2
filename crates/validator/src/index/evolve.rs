//! What an event of a key changes in its facts: the same as in the domain's `evolve`, of which a property test makes
//! sure, without what judging does not need.

use std::sync::Arc;

use keyledger_domain::{
    KeyId, Prefix,
    event::{KeyCreated, KeyEvent},
};

use super::{
    Writer,
    facts::Facts,
    interned::{Pace, Partner, ScopeSet},
};
use crate::bucket::Bucket;

impl Writer {
    /// The facts of a key that came to be, with a full bucket.
    pub(super) fn created(&mut self, key_id: KeyId, event: &KeyCreated) -> Facts {
        Facts {
            key_id,
            partner: self.partners.intern(&event.partner_id, Partner::new),
            scopes: self.scope_sets.intern(&event.scopes, ScopeSet::new),
            bucket: Arc::new(Bucket::full(self.paces.intern(&event.throttle, Pace::new))),
            expires_at: event.expires_at,
            prefix: event.prefix,
            superseded: Vec::new(),
            newest_slot: None,
            revision: 0,
            revoked: false,
            unreadable: false,
        }
    }

    /// The facts after an event; it is none where this build cannot read it.
    pub(super) fn evolve(&mut self, facts: &mut Facts, event: Option<&KeyEvent>, nanos: u64) {
        match event {
            Some(KeyEvent::Regenerated(event)) => {
                facts.prefix = event.prefix;
                facts.superseded.clone_from(&event.superseded_secrets);
            }
            Some(KeyEvent::Revoked(_)) => {
                facts.superseded.clear();
                facts.revoked = true;
            }
            Some(KeyEvent::OverlapEnded(_)) => facts.superseded.clear(),
            Some(KeyEvent::ScopesChanged(event)) => {
                facts.scopes = self.scope_sets.intern(&event.scopes, ScopeSet::new);
            }
            Some(KeyEvent::ThrottleChanged(event)) => {
                let pace = self.paces.intern(&event.throttle, Pace::new);
                facts.bucket = Arc::new(facts.bucket.repaced(pace, nanos));
            }
            Some(KeyEvent::ExpirationChanged(event)) => facts.expires_at = event.expires_at,
            // What people call it is no business of a judge.
            Some(KeyEvent::Renamed(_)) => {}
            // A second creation is nothing this build ever writes: it cannot know what was meant.
            Some(KeyEvent::Created(_)) | None => facts.unreadable = true,
        }
    }
}

/// The prefix that an event gives to a new secret.
pub(super) fn new_prefix(event: Option<&KeyEvent>) -> Option<Prefix> {
    match event {
        Some(KeyEvent::Created(event)) => Some(event.prefix),
        Some(KeyEvent::Regenerated(event)) => Some(event.prefix),
        _ => None,
    }
}
