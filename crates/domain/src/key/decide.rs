use super::{CreateKey, EditKey, EndOverlap, Key, RegenerateKey, Rejection, RevokeKey};
use crate::{
    Authority, Catalogue, PartnerId, Scopes, Timestamp,
    authority::{is_for_partner, is_registry_scope},
    event::KeyEvent,
};

/// What somebody wants to happen to a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// Let there be a key.
    Create(CreateKey),
    /// Give it a new secret.
    Regenerate(RegenerateKey),
    /// End its superseded secrets now.
    EndOverlap(EndOverlap),
    /// Change its name, scopes, throttle or expiry.
    Edit(EditKey),
    /// End it for good.
    Revoke(RevokeKey),
}

/// What a decision depends on besides the key itself.
#[derive(Clone, Copy, Debug)]
pub struct Situation<'a> {
    /// The moment; it becomes the event's `occurredAt`, so it is never before the key's last event.
    pub now: Timestamp,
    /// The scopes there are.
    pub catalogue: &'a Catalogue,
    /// What the one who asks may do. Whose keys they may reach was settled before.
    pub authority: &'a Authority,
}

/// What happens to the key: events, none where it already is as it was asked to be, or a rejection.
///
/// # Errors
/// The [`Rejection`], where a rule stands against it.
pub fn decide(
    key: Option<&Key>,
    command: Command,
    situation: Situation<'_>,
) -> Result<Vec<KeyEvent>, Rejection> {
    match (command, key) {
        (Command::Create(_), Some(_)) => Err(Rejection::AlreadyCreated),
        (Command::Create(create), None) => create.decide(situation),
        (_, None) => Err(Rejection::NoSuchKey),
        (Command::Regenerate(regenerate), Some(key)) => regenerate.decide(key, situation),
        (Command::EndOverlap(end), Some(key)) => end.decide(key, situation),
        (Command::Edit(edit), Some(key)) => edit.decide(key, situation),
        (Command::Revoke(revoke), Some(key)) => Ok(revoke.decide(key)),
    }
}

impl Key {
    /// Refuses what only a live, readable key can undergo.
    pub(super) fn must_live(&self, now: Timestamp) -> Result<(), Rejection> {
        self.must_not_be_revoked()?;
        if self.is_expired(now) { Err(Rejection::KeyExpired) } else { Ok(()) }
    }

    /// Refuses what a revoked or an unreadable key cannot undergo.
    pub(super) fn must_not_be_revoked(&self) -> Result<(), Rejection> {
        if self.revoked.is_some() {
            Err(Rejection::KeyRevoked)
        } else if self.unreadable {
            Err(Rejection::KeyUnreadable)
        } else {
            Ok(())
        }
    }
}

impl Situation<'_> {
    /// Refuses who may not grant every one of `scopes`: handing over a secret hands over its scopes.
    pub(super) fn may_grant_all(&self, scopes: &Scopes, partner: &PartnerId) -> Result<(), Rejection> {
        let all = scopes.iter().all(|scope| self.authority.may_grant(scope, partner));
        if all { Ok(()) } else { Err(Rejection::MayNotGrant) }
    }

    /// Refuses scopes that do not exist, or that keys of this partner cannot hold. What a key `holds` already may
    /// stay, also where the catalogue has lost it since.
    pub(super) fn must_be_grantable(
        &self,
        scopes: &Scopes,
        partner: &PartnerId,
        holds: Option<&Scopes>,
    ) -> Result<(), Rejection> {
        let kept = |scope| holds.is_some_and(|held| held.contains(scope));
        let unknown: Vec<_> = scopes
            .iter()
            .filter(|scope| !is_registry_scope(scope) && !self.catalogue.defines(scope) && !kept(scope))
            .cloned()
            .collect();
        if !unknown.is_empty() {
            return Err(Rejection::UnknownScopes(unknown));
        }
        let foreign: Vec<_> =
            scopes.iter().filter(|scope| !is_for_partner(scope, partner)).cloned().collect();
        if foreign.is_empty() { Ok(()) } else { Err(Rejection::ScopesNotForPartner(foreign)) }
    }

    /// Refuses an expiry that is already over.
    pub(super) fn must_be_ahead(&self, expiry: Option<Timestamp>) -> Result<(), Rejection> {
        if expiry.is_some_and(|expiry| expiry <= self.now) {
            Err(Rejection::ExpiryNotInFuture)
        } else {
            Ok(())
        }
    }
}
