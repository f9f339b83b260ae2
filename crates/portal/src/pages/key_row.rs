use std::collections::HashMap;

use keyledger_command_service::ports::KeyPage;
use keyledger_domain::{
    Actor, PartnerId, Prefix, Timestamp,
    actor::ActorKind,
    event::SupersededSecret,
    key::{Key, Status},
};
use maud::{Markup, html};
use uuid::Uuid;

use super::moment::moment;
use crate::{
    people::{Person, PersonId, Standing},
    web::{answer::Turned, visit::Visit},
};

/// Keys as the list shows them.
pub(super) struct Rows {
    pub(super) keys: Vec<Row>,
    pub(super) next_cursor: Option<String>,
}

/// A key as the list shows it.
pub(super) struct Row {
    pub(super) key: Key,
    created_by: String,
    last_used: LastUse,
    /// The secret that an overlap lets go on, and when that was last used.
    overlap: Option<(SupersededSecret, LastUse)>,
}

/// When a secret was last used, as far as it is known. In the order of what it says of a key that has several.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum LastUse {
    Unknown,
    Never,
    At(Timestamp),
}

impl Rows {
    /// A page of keys, with who created them and when they were used.
    pub(super) async fn of(visit: &Visit, partner: &PartnerId, page: KeyPage) -> Result<Self, Turned> {
        let KeyPage { keys, next_cursor } = page;
        let now = visit.now();
        let names = names(visit, partner, keys.iter().map(|key| &key.created_by)).await?;
        let prefixes: Vec<Prefix> = keys.iter().flat_map(|key| secrets(key, now)).collect();
        // A list without this is better than none.
        let used = visit.portal.service.last_used(&prefixes).await.ok();
        let used: Option<HashMap<Prefix, Option<Timestamp>>> =
            used.map(|used| prefixes.into_iter().zip(used).collect());
        let last_use = |prefix: Prefix| match used.as_ref().map(|used| used.get(&prefix).copied().flatten()) {
            Some(Some(at)) => LastUse::At(at),
            Some(None) => LastUse::Never,
            None => LastUse::Unknown,
        };
        let keys = keys.into_iter().map(|key| {
            let old = key.overlapping(now).next().copied();
            let uses = [key.prefix].into_iter().chain(old.map(|secret| secret.prefix)).map(last_use);
            Row {
                created_by: name_of(&key.created_by, &names),
                last_used: uses.max().unwrap_or(LastUse::Unknown),
                overlap: old.map(|secret| (secret, last_use(secret.prefix))),
                key,
            }
        });
        Ok(Self { keys: keys.collect(), next_cursor })
    }

    pub(super) fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }
}

/// The prefixes of the secrets of a key that still work.
fn secrets(key: &Key, now: Timestamp) -> Vec<Prefix> {
    [key.prefix].into_iter().chain(key.overlapping(now).map(|secret| secret.prefix)).collect()
}

/// What people are called who caused something. A partner learns no names of others.
pub(super) async fn names<'a>(
    visit: &Visit,
    partner: &PartnerId,
    actors: impl Iterator<Item = &'a Actor>,
) -> Result<HashMap<String, String>, Turned> {
    let mut ids: Vec<_> =
        actors.filter(|actor| actor.kind == ActorKind::Person).map(|actor| actor.id.clone()).collect();
    ids.sort();
    ids.dedup();
    let (partner, everybody) = (partner.clone(), visit.is_operator());
    let names = visit.portal.people(move |people| {
        let mut names = HashMap::new();
        for id in ids {
            let person = Uuid::try_parse(&id).ok().map(|id| people.find(PersonId(id))).transpose()?.flatten();
            let name = match person {
                Some(person) if everybody || person.standing.partner() == Some(&partner) => {
                    person.username.to_string()
                }
                Some(Person { standing: Standing::Operator, .. }) => "an operator".to_owned(),
                _ => NOT_KNOWN.to_owned(),
            };
            names.insert(id, name);
        }
        Ok::<_, Turned>(names)
    });
    names.await
}

/// What somebody is called of whom nothing is known here, or nothing may be told.
const NOT_KNOWN: &str = "somebody else";

/// What an actor is called.
pub(super) fn name_of(actor: &Actor, names: &HashMap<String, String>) -> String {
    match actor.kind {
        ActorKind::Person => names.get(&actor.id).cloned().unwrap_or_else(|| NOT_KNOWN.to_owned()),
        ActorKind::Key => "a management key".to_owned(),
        ActorKind::Keyring => "the registry's machine".to_owned(),
    }
}

/// One row.
pub(super) fn show(row: &Row, visit: &Visit) -> Markup {
    let Row { key, created_by, last_used, overlap } = row;
    let status = key.status(visit.now());
    html! {
        tr class=(status_class(status)) {
            th scope="row" {
                span.name { (key.name) }
                code.prefix title="The first eight characters of its secret" { (key.prefix) "…" }
            }
            td data-label="Status" {
                span.badge { (status_name(status)) }
                @if key.unreadable { span.note { "changed by a newer release" } }
                @if let Some((secret, use_of_it)) = overlap {
                    div.overlap {
                        "The old secret " code { (secret.prefix) "…" } " works until " (moment(secret.valid_until)) ". "
                        @match use_of_it {
                            LastUse::At(at) => { "It was last used " (moment(*at)) "." }
                            LastUse::Never => { "No use of it was noted." }
                            LastUse::Unknown => {}
                        }
                    }
                }
            }
            td data-label="Scopes" {
                ul.scopes { @for scope in key.scopes.iter() { li { code { (scope) } } } }
                span.note title="A steady rate, and how many at once" {
                    (key.throttle.rate_per_second()) "/s, burst " (key.throttle.burst())
                }
            }
            td data-label="Created" { (moment(key.created_at)) span.note { "by " (created_by) } }
            td data-label="Expires" {
                @match key.expires_at { Some(at) => (moment(at)), None => "Never" }
            }
            td data-label="Last used" {
                @match last_used {
                    LastUse::At(at) => (moment(*at)),
                    LastUse::Never => "No use noted",
                    LastUse::Unknown => "Unknown",
                }
            }
            td.actions { (menu(key, status, overlap.is_some())) }
        }
    }
}

fn menu(key: &Key, status: Status, overlapping: bool) -> Markup {
    let path = format!("/partners/{}/keys/{}", key.partner_id, key.key_id);
    let item = |label: &str, what: &str, danger: bool| {
        let path = format!("{path}/{what}");
        html! { li { a.danger[danger] href=(path) hx-get=(path) hx-target="#dialog" { (label) } } }
    };
    let active = status == Status::Active && !key.unreadable;
    html! {
        details.menu {
            summary aria-label=(format!("Actions for {}", key.name)) { span aria-hidden="true" { "⋯" } }
            ul {
                @if active { (item("Regenerate key", "regenerate", false)) }
                @if active && overlapping { (item("End overlap", "end-overlap", false)) }
                @if active { (item("Edit scopes", "scopes", false)) }
                @if status != Status::Revoked && !key.unreadable { (item("Rename", "rename", false)) }
                (item("History", "history", false))
                @if status != Status::Revoked { (item("Revoke key", "revoke", true)) }
            }
        }
    }
}

pub(super) fn status_name(status: Status) -> &'static str {
    match status {
        Status::Active => "ACTIVE",
        Status::Revoked => "REVOKED",
        Status::Expired => "EXPIRED",
    }
}

fn status_class(status: Status) -> &'static str {
    match status {
        Status::Active => "active",
        Status::Revoked => "revoked",
        Status::Expired => "expired",
    }
}
