use std::collections::BTreeMap;

use keyledger_domain::{
    Catalogue, KeyId, KeyName, PartnerId, Scope,
    catalogue::{self, decide},
    envelope::Stream,
    event::Body,
    key::Key,
};
use keyledger_event_log::{Lane, Position, Revision};

use crate::{
    CommandError, CommandService, Failure, Refusal, Request, Revisions,
    append::{Decided, Outcome},
    catalogue::PresentCatalogue,
    change::ATTEMPTS,
};

/// Put a catalogue in the place of the present one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChangeCatalogue {
    /// The whole new catalogue.
    pub catalogue: Catalogue,
    /// Only tell which keys would lose what.
    pub dry_run: bool,
    /// For which revisions of the catalogue this is meant.
    pub revisions: Revisions,
}

/// A catalogue that took the place of another, or would.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CatalogueChanged {
    /// The new catalogue.
    pub catalogue: Catalogue,
    /// The revision of the present one; none where there is none yet.
    pub revision: Option<u64>,
    /// Keys that can do less under the new one.
    pub losing: Vec<Losing>,
    /// Whether there are more of them than are listed.
    pub more_losing: bool,
    /// Whether the readers in this process have applied it.
    pub applied: bool,
    /// The position of the last change.
    pub position: Position,
}

/// A key that can do less under a new catalogue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Losing {
    /// Its id.
    pub key_id: KeyId,
    /// Its owner.
    pub partner_id: PartnerId,
    /// What people call it.
    pub name: KeyName,
    /// What it loses, children spelled out.
    pub scopes: Vec<Scope>,
}

/// How many losing keys are listed at most: a person reads this before a decision.
const MOST_LISTED: usize = 1_000;

impl CommandService {
    /// Changes the catalogue, and tells which keys lose what; nothing is recorded where it is already so.
    ///
    /// # Errors
    /// [`CommandError`].
    #[tracing::instrument(name = "change_catalogue", skip_all, fields(request_id = %request.request_id))]
    pub async fn change_catalogue(
        &self,
        request: &Request,
        command: ChangeCatalogue,
    ) -> Result<CatalogueChanged, CommandError> {
        let ChangeCatalogue { catalogue, dry_run, revisions } = command;
        for _ in 0..ATTEMPTS {
            let present = self.catalogue().await?;
            match &present {
                Some(present) => revisions.admit(present.revision.get())?,
                None if revisions == Revisions::Any => {}
                None => return Err(Refusal::Stale.into()),
            }
            let before = present.as_ref().map(|present| &present.catalogue);
            let (losing, more_losing) = self.losing(before, &catalogue).await?;
            let change = catalogue::ChangeCatalogue { catalogue: catalogue.clone() };
            let change = decide(before, change).filter(|_| !dry_run);
            let (revision, position) = match change {
                None => present.map_or((None, Position::START), |p| (Some(p.revision), p.position)),
                Some(changed) => {
                    match self.append_catalogue(request, present, Body::Catalogue(changed)).await? {
                        Some((revision, position)) => (Some(revision), position),
                        None => continue,
                    }
                }
            };
            let (revision, applied) = (revision.map(Revision::get), self.applied(position).await);
            return Ok(CatalogueChanged { catalogue, revision, losing, more_losing, applied, position });
        }
        Err(Failure::Contended.into())
    }

    async fn append_catalogue(
        &self,
        request: &Request,
        present: Option<PresentCatalogue>,
        change: Body,
    ) -> Result<Option<(Revision, Position)>, Failure> {
        let revision = Revision::after(present.as_ref().map(|present| present.revision));
        let decided = Decided {
            stream: Stream::Catalogue,
            revision,
            number: 0,
            occurred_at: present.map_or(self.now(), |present| self.now().max(present.changed_at)),
            bodies: vec![change],
            verifier: None,
            lane: Lane::Ordinary,
        };
        match self.append(request, decided).await? {
            Outcome::Recorded(position) => Ok(Some((revision, position))),
            Outcome::Overtaken => Ok(None),
        }
    }

    /// The keys that can do less under `new`, as the lists know them.
    async fn losing(
        &self,
        present: Option<&Catalogue>,
        new: &Catalogue,
    ) -> Result<(Vec<Losing>, bool), Failure> {
        let Some(present) = present else { return Ok((Vec::new(), false)) };
        let mut losing = BTreeMap::new();
        for scope in no_longer_granting(present, new) {
            let mut after = None;
            loop {
                let page = self.parts().lists.holding(&scope, after, MOST_LISTED).await?;
                let Some(last) = page.last() else { break };
                after = Some(last.key_id);
                let found = page.iter().filter_map(|key| Some((key.key_id, Losing::of(key, present, new)?)));
                losing.extend(found);
                if losing.len() > MOST_LISTED {
                    return Ok((losing.into_values().take(MOST_LISTED).collect(), true));
                }
            }
        }
        Ok((losing.into_values().collect(), false))
    }
}

/// The scopes whose holders may lose something: those that grant less under `new`.
fn no_longer_granting(present: &Catalogue, new: &Catalogue) -> Vec<Scope> {
    let mut scopes = Vec::new();
    for required in present.scopes() {
        let after = new.granted_by(&required);
        scopes.extend(present.granted_by(&required).into_iter().filter(|scope| !after.contains(scope)));
    }
    scopes.sort();
    scopes.dedup();
    scopes
}

impl Losing {
    fn of(key: &Key, present: &Catalogue, new: &Catalogue) -> Option<Self> {
        let lost = |scope: &Scope| present.covers(&key.scopes, scope) && !new.covers(&key.scopes, scope);
        let scopes: Vec<_> = present.scopes().filter(lost).collect();
        let (key_id, partner_id, name) = (key.key_id, key.partner_id.clone(), key.name.clone());
        (!scopes.is_empty()).then_some(Self { key_id, partner_id, name, scopes })
    }
}

#[cfg(test)]
mod tests {
    use keyledger_domain::catalogue::Resource;

    use super::*;

    #[test]
    fn what_grants_less_is_the_scope_that_went_and_the_parent_that_lost_its_child() {
        let present = Catalogue::builtin();
        let without = |change: fn(&mut Vec<Resource>)| {
            let mut resources = present.resources().to_vec();
            change(&mut resources);
            let scopes = no_longer_granting(&present, &Catalogue::new(resources).expect("a catalogue"));
            scopes.iter().map(ToString::to_string).collect::<Vec<_>>()
        };
        assert_eq!(without(|_| {}), [""; 0]);
        assert_eq!(without(|resources| resources.retain(|r| r.name != "site")), ["site:read", "site:write"]);
        let orphaned = without(|resources| resources[1].children.clear());
        assert_eq!(orphaned, ["client:read", "client:write"]);
    }
}
