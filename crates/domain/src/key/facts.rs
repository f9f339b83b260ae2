use serde::Serialize;

use super::Key;
use crate::{
    Actor, KeyId, KeyName, PartnerId, Prefix, Reason, Scopes, Throttle, Timestamp, event::SupersededSecret,
};

/// The facts that the events of a key say about it, under the names of the management API and without what only a
/// clock or the catalogue decides: whoever reads `expiresAt` and `validUntil` tells by their own clock what has ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct KeyFacts<'a> {
    /// The key over its whole life.
    pub key_id: KeyId,
    /// The partner whose key it is.
    pub partner_id: &'a PartnerId,
    /// What people call it.
    pub name: &'a KeyName,
    /// The first eight characters of its newest secret.
    pub prefix: Prefix,
    /// What it may do.
    pub scopes: &'a Scopes,
    /// How fast it may call.
    pub throttle: Throttle,
    /// Whether it was revoked.
    pub status: StoredStatus,
    /// When it came to be.
    pub created_at: Timestamp,
    /// Who created it.
    pub created_by: &'a Actor,
    /// When it ends; null: never.
    pub expires_at: Option<Timestamp>,
    /// When it last got a new secret.
    pub regenerated_at: Option<Timestamp>,
    /// Older secrets that no event has ended, and when each ends by the clock; where the key ends earlier, they end with it.
    pub superseded_secrets: &'a [SupersededSecret],
    /// When it was revoked.
    pub revoked_at: Option<Timestamp>,
    /// Who revoked it.
    pub revoked_by: Option<&'a Actor>,
    /// Why, in their words.
    pub revocation_reason: Option<&'a Reason>,
    /// The revision of its last event.
    pub revision: u64,
    /// The position of its last event in the log.
    pub position: u64,
    /// Present and true where one of its events is of a later release than the one that tells: the facts are then those
    /// of the events before it.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub unreadable: bool,
}

/// What a key is, as far as no clock is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum StoredStatus {
    /// No event has ended it.
    Active,
    /// It was revoked, for good.
    Revoked,
}

impl Key {
    /// The schema version of [`KeyFacts`].
    pub const FACTS_SCHEMA_VERSION: u32 = 1;

    /// What its events say about it.
    #[must_use]
    pub fn facts(&self) -> KeyFacts<'_> {
        let revoked = self.revoked.as_ref();
        KeyFacts {
            key_id: self.key_id,
            partner_id: &self.partner_id,
            name: &self.name,
            prefix: self.prefix,
            scopes: &self.scopes,
            throttle: self.throttle,
            status: if revoked.is_some() { StoredStatus::Revoked } else { StoredStatus::Active },
            created_at: self.created_at,
            created_by: &self.created_by,
            expires_at: self.expires_at,
            regenerated_at: self.regenerated_at,
            superseded_secrets: &self.superseded_secrets,
            revoked_at: revoked.map(|revoked| revoked.at),
            revoked_by: revoked.map(|revoked| &revoked.by),
            revocation_reason: revoked.and_then(|revoked| revoked.reason.as_ref()),
            revision: self.revision,
            position: self.position,
            unreadable: self.unreadable,
        }
    }
}
