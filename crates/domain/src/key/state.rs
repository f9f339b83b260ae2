use serde::{Deserialize, Serialize};

use crate::{
    Actor, KeyId, KeyName, PartnerId, Prefix, Reason, Scopes, Throttle, Timestamp, event::SupersededSecret,
    verdict::Standing,
};

/// Everything that the events of a key say about it. What a clock decides (expired, overlap over) is asked with a
/// moment, never stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Key {
    /// Its id.
    pub key_id: KeyId,
    /// Its owner.
    pub partner_id: PartnerId,
    /// What people call it.
    pub name: KeyName,
    /// The prefix of its newest secret.
    pub prefix: Prefix,
    /// Which secret that is: 1 at creation, one more with each regenerate.
    pub generation: u32,
    /// What it may do.
    pub scopes: Scopes,
    /// How fast it may call.
    pub throttle: Throttle,
    /// When it came to be.
    pub created_at: Timestamp,
    /// Who created it.
    pub created_by: Actor,
    /// When it ends; none: never.
    pub expires_at: Option<Timestamp>,
    /// When it last got a new secret.
    pub regenerated_at: Option<Timestamp>,
    /// Older secrets that no event has ended; the clock may have.
    pub superseded_secrets: Vec<SupersededSecret>,
    /// When, by whom and why it was revoked.
    pub revoked: Option<Revoked>,
    /// The revision of its last event.
    pub revision: u64,
    /// The position of its last event in the log.
    pub position: u64,
    /// The moment of its last event.
    pub changed_at: Timestamp,
    /// Whether one of its events cannot be read by this build. Such a key denies, and can only be revoked.
    pub unreadable: bool,
}

/// The end of a key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Revoked {
    /// When.
    pub at: Timestamp,
    /// By whom.
    pub by: Actor,
    /// Why, in their words.
    pub reason: Option<Reason>,
}

/// What a key is at a moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Status {
    /// It works.
    Active,
    /// It was revoked, for good.
    Revoked,
    /// Its time is over; another expiry cannot bring it back.
    Expired,
}

impl Key {
    /// What the key is at a moment.
    #[must_use]
    pub fn status(&self, now: Timestamp) -> Status {
        if self.revoked.is_some() {
            Status::Revoked
        } else if self.is_expired(now) {
            Status::Expired
        } else {
            Status::Active
        }
    }

    /// Whether its time is over.
    #[must_use]
    pub fn is_expired(&self, now: Timestamp) -> bool {
        self.expires_at.is_some_and(|expiry| now >= expiry)
    }

    /// Until when its secret with this prefix works, as far as events say; one that they do not name is dead.
    #[must_use]
    pub fn standing(&self, prefix: Prefix) -> Standing {
        if prefix == self.prefix {
            return Standing::Current;
        }
        let named = self.superseded_secrets.iter().find(|secret| secret.prefix == prefix);
        named.map_or(Standing::Ended, |secret| Standing::Overlapping(secret.valid_until))
    }

    /// The superseded secrets that still work at a moment: the running overlap, if there is one.
    pub fn overlapping(&self, now: Timestamp) -> impl Iterator<Item = &SupersededSecret> {
        self.superseded_secrets.iter().filter(move |secret| now < secret.valid_until)
    }
}
