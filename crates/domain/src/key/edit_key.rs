use super::{Key, Rejection, Situation};
use crate::{
    KeyName, Scopes, Throttle, Timestamp,
    event::{KeyEvent, KeyExpirationChanged, KeyRenamed, KeyScopesChanged, KeyThrottleChanged},
};

/// Change what a key is called, may do, how fast and until when. What is none stays as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EditKey {
    /// What people call it.
    pub name: Option<KeyName>,
    /// All it may do.
    pub scopes: Option<Scopes>,
    /// How fast it may call.
    pub throttle: Option<Throttle>,
    /// When it ends; `Some(None)`: never.
    pub expires_at: Option<Option<Timestamp>>,
}

impl EditKey {
    /// One event for each field that really changes.
    pub(super) fn decide(self, key: &Key, situation: Situation<'_>) -> Result<Vec<KeyEvent>, Rejection> {
        key.must_not_be_revoked()?;
        situation.may_grant_all(&key.scopes, &key.partner_id)?;
        let more_than_a_name = self.scopes.is_some() || self.throttle.is_some() || self.expires_at.is_some();
        if more_than_a_name {
            key.must_live(situation.now)?;
        }
        if let Some(scopes) = &self.scopes {
            situation.must_be_grantable(scopes, &key.partner_id, Some(&key.scopes))?;
            situation.may_grant_all(scopes, &key.partner_id)?;
        }
        if let Some(expiry) = self.expires_at {
            situation.must_be_ahead(expiry)?;
        }
        Ok(self.changes(key))
    }

    fn changes(self, key: &Key) -> Vec<KeyEvent> {
        let partner = || key.partner_id.clone();
        let renamed = self.name.filter(|name| *name != key.name);
        let scopes = self.scopes.filter(|scopes| *scopes != key.scopes);
        let throttle = self.throttle.filter(|throttle| *throttle != key.throttle);
        let expiry = self.expires_at.filter(|expiry| *expiry != key.expires_at);
        [
            renamed.map(|name| KeyEvent::Renamed(KeyRenamed { partner_id: partner(), name })),
            scopes.map(|scopes| KeyEvent::ScopesChanged(KeyScopesChanged { partner_id: partner(), scopes })),
            throttle.map(|throttle| {
                KeyEvent::ThrottleChanged(KeyThrottleChanged { partner_id: partner(), throttle })
            }),
            expiry.map(|expires_at| {
                KeyEvent::ExpirationChanged(KeyExpirationChanged { partner_id: partner(), expires_at })
            }),
        ]
        .into_iter()
        .flatten()
        .collect()
    }
}
