use super::{Rejection, Situation};
use crate::{
    KeyName, PartnerId, Prefix, Scopes, Throttle, Timestamp,
    event::{KeyCreated, KeyEvent},
};

/// Let there be a key, with a secret that begins with `prefix`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CreateKey {
    /// Its owner.
    pub partner_id: PartnerId,
    /// What people call it.
    pub name: KeyName,
    /// The prefix of the minted secret.
    pub prefix: Prefix,
    /// What it may do.
    pub scopes: Scopes,
    /// How fast it may call.
    pub throttle: Throttle,
    /// When it ends; none: never.
    pub expires_at: Option<Timestamp>,
}

impl CreateKey {
    pub(super) fn decide(self, situation: Situation<'_>) -> Result<Vec<KeyEvent>, Rejection> {
        situation.must_be_grantable(&self.scopes, &self.partner_id, None)?;
        situation.may_grant_all(&self.scopes, &self.partner_id)?;
        situation.must_be_ahead(self.expires_at)?;
        let Self { partner_id, name, prefix, scopes, throttle, expires_at } = self;
        Ok(vec![KeyEvent::Created(KeyCreated { partner_id, name, prefix, scopes, throttle, expires_at })])
    }
}
