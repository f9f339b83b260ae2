//! Judging a request by the index: the order of the verdicts, and the table of what may be said past the bounds.

use std::{hint::black_box, sync::Arc};

use keyledger_domain::{
    KeyId, PartnerId, Prefix, Scopes, Throttle, Timestamp,
    verdict::{Code, judge_secret},
};
use keyledger_secret::PlaintextSecret;

use super::{
    KeyIndex, Slots,
    facts::{Facts, Slot},
};
use crate::{
    bucket::{Empty, Level},
    freshness::Contact,
};

/// What a request needs besides a key that works.
pub trait Demand {
    /// Whether a key of this partner will do.
    fn allows_partner(&self, partner: &PartnerId) -> bool;

    /// Whether `granted` says yes to every scope that is needed.
    fn is_met(&self, granted: &dyn Fn(&str) -> bool) -> bool;

    /// Whether it is about the API whose keys these are. No key of the registry itself will do for that, whatever its
    /// scopes and whatever is asked.
    fn is_for_the_api(&self) -> bool {
        true
    }
}

/// The demand of `/v1/health`: a key that works, of anybody.
#[derive(Clone, Copy, Debug)]
pub struct WorkingKey;

impl Demand for WorkingKey {
    fn allows_partner(&self, _: &PartnerId) -> bool {
        true
    }

    fn is_met(&self, _: &dyn Fn(&str) -> bool) -> bool {
        true
    }

    fn is_for_the_api(&self) -> bool {
        false
    }
}

/// The index has not heard from the log for too long, or lacks a pepper, to say whether this secret works.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CannotKnow;

/// What was found of a request.
pub struct Verdict {
    /// The first rule that holds.
    pub code: Code,
    /// Whose key it is: only where the secret was right, and this build can read all of its key's events.
    pub bearer: Option<Bearer>,
    /// The key's bucket, where the key works.
    pub level: Option<Level>,
    /// When to come back: THROTTLED only, and not where the cost is more than the bucket ever holds.
    pub retry_after: Option<u32>,
}

/// A key that was proven.
#[derive(Clone)]
pub struct Bearer(pub(crate) Arc<Facts>);

impl Bearer {
    /// The key.
    #[must_use]
    pub fn key_id(&self) -> KeyId {
        self.0.key_id
    }

    /// Its owner.
    #[must_use]
    pub fn partner_id(&self) -> &PartnerId {
        &self.0.partner.id
    }

    /// Its scopes, as granted.
    #[must_use]
    pub fn scopes(&self) -> &Scopes {
        &self.0.scopes.scopes
    }

    /// Its throttle.
    #[must_use]
    pub fn throttle(&self) -> Throttle {
        self.0.bucket.pace().throttle
    }

    /// When it ends.
    #[must_use]
    pub fn expires_at(&self) -> Option<Timestamp> {
        self.0.expires_at
    }
}

/// Who holds a management key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identified {
    /// The key.
    pub key_id: KeyId,
    /// The prefix of that one of its secrets which was shown.
    pub prefix: Prefix,
    /// Its owner.
    pub partner_id: PartnerId,
    /// Its scopes.
    pub scopes: Scopes,
}

/// Why nobody was identified.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unidentified {
    /// The secret does not work; the cause is not told.
    Unknown,
    /// [`CannotKnow`].
    CannotKnow,
}

/// What became of a secret before its key's rights were looked at.
enum Recognised<'slots> {
    Works {
        prefix: Prefix,
        slot: &'slots Slot,
        facts: Arc<Facts>,
        /// The moment at which it was found to work.
        now: Timestamp,
    },
    Refused(Code, Option<Arc<Facts>>),
}

impl Facts {
    /// Whether the secret with this prefix works at a moment.
    pub(super) fn works(&self, prefix: Prefix, now: Timestamp) -> Result<(), Code> {
        judge_secret(self.denies(), self.standing(prefix), self.expires_at, now)
    }
}

impl KeyIndex {
    /// Judges the bytes that came as a key against a demand, and takes `cost` tokens where they pass.
    ///
    /// A key of which an event cannot be read is REVOKED, without saying whose it is: what is known of it is not all.
    ///
    /// # Errors
    /// [`CannotKnow`]
    pub fn authenticate(&self, key: &[u8], demand: &impl Demand, cost: u32) -> Result<Verdict, CannotKnow> {
        let nanos = self.time.nanos();
        let slots = self.slots.pin();
        let (slot, facts, now) = match self.recognise(&slots, key, nanos)? {
            Recognised::Works { slot, facts, now, .. } => (slot, facts, now),
            Recognised::Refused(code, facts) => return Ok(Verdict::refused(code, facts)),
        };
        let code = self.rights(&facts, demand);
        if code != Code::Valid {
            let level = Some(facts.bucket.look(nanos));
            return Ok(Verdict { level, ..Verdict::refused(code, Some(facts)) });
        }
        Ok(match facts.bucket.spend(nanos, cost) {
            Ok(level) => {
                // Who asks for nothing only looks.
                if cost > 0 {
                    self.used(slot, now);
                }
                Verdict { level: Some(level), ..Verdict::refused(Code::Valid, Some(facts)) }
            }
            Err(Empty { level, retry_after }) => {
                Verdict { level: Some(level), retry_after, ..Verdict::refused(Code::Throttled, Some(facts)) }
            }
        })
    }

    /// Who holds a key, for whoever decides by its scopes alone; takes no token.
    ///
    /// # Errors
    /// [`Unidentified`]
    pub fn identify(&self, key: &[u8]) -> Result<Identified, Unidentified> {
        match self.recognise(&self.slots.pin(), key, self.time.nanos()) {
            Ok(Recognised::Works { prefix, facts, .. }) => Ok(Identified {
                key_id: facts.key_id,
                prefix,
                partner_id: facts.partner.id.clone(),
                scopes: facts.scopes.scopes.clone(),
            }),
            Ok(Recognised::Refused(..)) => Err(Unidentified::Unknown),
            Err(CannotKnow) => Err(Unidentified::CannotKnow),
        }
    }

    /// Whether the secret with this prefix still works, for whoever was let in with it and has stayed since.
    #[must_use]
    pub fn stands(&self, prefix: Prefix) -> bool {
        let slots = self.slots.pin();
        slots.get(&prefix).is_some_and(|slot| slot.key.load().works(prefix, self.time.now()).is_ok())
    }

    /// The key that a prefix names, of a secret that works or one that was remembered beyond its end.
    #[must_use]
    pub fn named_by(&self, prefix: Prefix) -> Option<KeyId> {
        self.slots.pin().get(&prefix).map(|slot| slot.key.load().key_id)
    }

    /// From MALFORMED to EXPIRED, and whether that can be known: what events have ended stays ended, so it is told at
    /// any time; the rest depends on how long the log has not been heard.
    fn recognise<'slots>(
        &self,
        slots: &'slots Slots<'_>,
        key: &[u8],
        nanos: u64,
    ) -> Result<Recognised<'slots>, CannotKnow> {
        let Some(secret) = PlaintextSecret::parse(self.marker, key) else {
            return Ok(Recognised::Refused(Code::Malformed, None));
        };
        let contact = || self.freshness.contact(nanos);
        let Some((prefix, slot)) = self.matching(slots, &secret)? else {
            return match contact() {
                Contact::Fresh => Ok(Recognised::Refused(Code::Unknown, None)),
                Contact::Late | Contact::Lost => Err(CannotKnow),
            };
        };
        let (facts, now) = (slot.key.load_full(), self.time.now());
        match facts.works(prefix, now) {
            Err(code) => Ok(Recognised::Refused(code, Some(facts))),
            Ok(()) if contact() == Contact::Lost => Err(CannotKnow),
            Ok(()) => Ok(Recognised::Works { prefix, slot, facts, now }),
        }
    }

    /// The slot of this secret, and its prefix.
    ///
    /// # Errors
    /// [`CannotKnow`] where the keyring lacks the pepper of a secret that may work: an incomplete keyring must not look
    /// like a wave of unknown keys.
    fn matching<'slots>(
        &self,
        slots: &'slots Slots<'_>,
        secret: &PlaintextSecret,
    ) -> Result<Option<(Prefix, &'slots Slot)>, CannotKnow> {
        let peppers = self.peppers.load();
        // A well-formed secret begins with a prefix.
        let Ok(prefix) = Prefix::parse(&secret.prefix()) else { return Ok(None) };
        let found = slots.get(&prefix);
        let beside = || slots.get(&self.decoys.beside(prefix, found.is_some()));
        let compared = found.or_else(beside);
        let Some((slot, pepper)) = compared.and_then(|slot| Some((slot, peppers.get(slot.pepper_id)?)))
        else {
            peppers.recognise_nothing(secret);
            let may_work = found.is_some_and(|slot| slot.key.load().works(prefix, self.time.now()).is_ok());
            return if may_work { Err(CannotKnow) } else { Ok(None) };
        };
        let right = pepper.digest(secret).matches(&slot.digest);
        // What was compared in the place of nothing recognises nobody.
        Ok(match found {
            Some(slot) if right => Some((prefix, slot)),
            Some(_) => {
                black_box(beside());
                None
            }
            None => None,
        })
    }

    /// WRONG_PARTNER, INSUFFICIENT_SCOPE, or neither.
    fn rights(&self, facts: &Facts, demand: &impl Demand) -> Code {
        if !demand.allows_partner(&facts.partner.id) {
            return Code::WrongPartner;
        }
        let grants = self.grants.load();
        let foreign = demand.is_for_the_api() && facts.partner.id.is_registry();
        if foreign || !demand.is_met(&|scope| grants.cover(&facts.scopes.scopes, scope)) {
            Code::InsufficientScope
        } else {
            Code::Valid
        }
    }
}

impl Verdict {
    fn refused(code: Code, facts: Option<Arc<Facts>>) -> Self {
        let bearer = facts.filter(|facts| !facts.unreadable).map(Bearer);
        Self { code, bearer, level: None, retry_after: None }
    }
}
