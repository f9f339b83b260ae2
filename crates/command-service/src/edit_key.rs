use keyledger_domain::{
    Catalogue, KeyName, PartnerId, Scope, Scopes, Throttle, Timestamp,
    authority::{is_for_partner, is_registry_scope, registry_scopes},
    key::{self, Command, Rejection, Situation, decide},
};
use keyledger_event_log::Lane;

use crate::{Changed, CommandError, CommandService, KeyRef, Refusal, Request, Revisions, change::Decision};

/// Change what a key is called, may do, how fast and until when. What is none stays as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EditKey {
    /// Which key.
    pub key: KeyRef,
    /// What people call it.
    pub name: Option<KeyName>,
    /// All it may do.
    pub scopes: Option<Scopes>,
    /// How fast it may call.
    pub throttle: Option<Throttle>,
    /// When it ends; `Some(None)`: never.
    pub expires_at: Option<Option<Timestamp>>,
    /// Whether the last operator key may lose its right, or get an end.
    pub force: bool,
    /// For which revisions of the key this is meant.
    pub revisions: Revisions,
}

impl CommandService {
    /// Edits a key: one event for each field that really changes, all in one append.
    ///
    /// # Errors
    /// [`CommandError`].
    #[tracing::instrument(name = "edit_key", skip_all, fields(request_id = %request.request_id))]
    pub async fn edit_key(&self, request: &Request, command: EditKey) -> Result<Changed, CommandError> {
        let _underway = self.enter(request)?;
        let _turn = match command.may_take_an_operator() {
            true => self.last_operator_stays(&command.key, command.force).await?,
            false => None,
        };
        let EditKey { key, name, scopes, throttle, expires_at, force: _, revisions } = command;
        // Without new scopes it does not matter which there are, and a catalogue that cannot be read is not in the way.
        let catalogue = if scopes.is_some() { self.scopes().await? } else { Catalogue::default() };
        let attempted = self.change(request, key.key_id, Lane::Ordinary, |present, now| {
            let present = key.find(present)?;
            revisions.admit_key(present)?;
            let values = Values {
                held: Some(&present.scopes),
                scopes: scopes.as_ref(),
                expires_at: expires_at.flatten(),
            };
            let (name, scopes) = (name.clone(), scopes.clone());
            let edit = Command::Edit(key::EditKey { name, scopes, throttle, expires_at });
            let situation = Situation { now, catalogue: &catalogue, authority: &request.authority };
            let events = decide(Some(present), edit, situation)
                .map_err(|rejection| values.all_faults(rejection, &catalogue, &key.partner_id, now))?;
            Ok(Decision { events, secret: None })
        });
        Ok(self.settle(attempted.await?.key).await)
    }
}

impl EditKey {
    /// Whether it could take the last right to operate the registry away: now, or on the day it lets the key expire.
    fn may_take_an_operator(&self) -> bool {
        let operates =
            |scopes: &Scopes| scopes.iter().any(|scope| scope.as_str() == registry_scopes::OPERATE);
        self.scopes.as_ref().is_some_and(|scopes| !operates(scopes)) || self.expires_at.flatten().is_some()
    }
}

/// The values of a command that are judged by more than their form.
#[derive(Clone, Copy)]
pub(crate) struct Values<'a> {
    /// The scopes that the key has already, which may stay.
    pub(crate) held: Option<&'a Scopes>,
    pub(crate) scopes: Option<&'a Scopes>,
    pub(crate) expires_at: Option<Timestamp>,
}

impl Values<'_> {
    /// Every value that cannot be. The domain stops at the first one; whoever fills in a form wants to see them all.
    pub(crate) fn faults(
        &self,
        catalogue: &Catalogue,
        partner: &PartnerId,
        now: Timestamp,
    ) -> Vec<Rejection> {
        let asked = || self.scopes.iter().flat_map(|scopes| scopes.iter());
        let kept = |scope: &Scope| self.held.is_some_and(|held| held.contains(scope));
        let known = |scope: &Scope| is_registry_scope(scope) || catalogue.defines(scope) || kept(scope);
        let unknown: Vec<_> = asked().filter(|scope| !known(scope)).cloned().collect();
        let foreign: Vec<_> =
            asked().filter(|scope| known(scope) && !is_for_partner(scope, partner)).cloned().collect();
        [
            (!unknown.is_empty()).then_some(Rejection::UnknownScopes(unknown)),
            (!foreign.is_empty()).then_some(Rejection::ScopesNotForPartner(foreign)),
            self.expires_at.filter(|expiry| *expiry <= now).map(|_| Rejection::ExpiryNotInFuture),
        ]
        .into_iter()
        .flatten()
        .collect()
    }

    /// A rejection of one value as the refusal that names them all; any other rejection as it is.
    pub(crate) fn all_faults(
        &self,
        rejection: Rejection,
        catalogue: &Catalogue,
        partner: &PartnerId,
        now: Timestamp,
    ) -> Refusal {
        match rejection {
            Rejection::UnknownScopes(_)
            | Rejection::ScopesNotForPartner(_)
            | Rejection::ExpiryNotInFuture => Refusal::Rejected(self.faults(catalogue, partner, now)),
            other => other.into(),
        }
    }
}
