use keyledger_domain::{Catalogue, PartnerId, Scope, authority::registry_scopes};
use maud::{Markup, html};

use super::fields::Faults;

/// What the scopes of the registry itself let a key do.
const REGISTRY: [(&str, &str); 4] = [
    (registry_scopes::KEYS_READ, "list the keys of its partner, with their history"),
    (registry_scopes::KEYS_WRITE, "change the keys of its partner"),
    (registry_scopes::EVENTS_READ, "read the events of every partner, and nothing else"),
    (registry_scopes::OPERATE, "everything, for every partner"),
];

/// The scopes that a key of this partner can have, grouped by resource; a parent says what it includes. What is chosen and in
/// no group is shown too: nothing may fall out of a key because it was not drawn.
pub(super) fn show(catalogue: &Catalogue, partner: &PartnerId, chosen: &[Scope], faults: &Faults) -> Markup {
    let mut drawn = Vec::new();
    let mut check = |scope: String, text: Option<&str>| {
        let checked = chosen.iter().any(|held| held.as_str() == scope);
        let markup = html! {
            label.check {
                input type="checkbox" name="scope" value=(scope) checked[checked];
                span { code { (scope) } " " @if let Some(text) = text { span.note { (text) } } }
            }
        };
        drawn.push(scope);
        markup
    };
    let mut groups = Vec::new();
    if partner.is_registry() {
        let scopes = REGISTRY.map(|(scope, text)| check(scope.to_owned(), Some(text)));
        groups.push(group("The registry itself", &html! {}, &scopes));
    } else {
        for resource in catalogue.resources() {
            let includes = html! {
                @if !resource.children.is_empty() { span.note { "includes " (resource.children.join(", ")) } }
            };
            let scopes: Vec<_> = resource
                .verbs
                .iter()
                .map(|verb| {
                    check(
                        format!("{}:{verb}", resource.name),
                        resource.describe.get(verb).map(String::as_str),
                    )
                })
                .collect();
            groups.push(group(&resource.name, &includes, &scopes));
        }
    }
    let others: Vec<_> =
        chosen.iter().filter(|scope| !drawn.iter().any(|drawn| drawn == scope.as_str())).collect();
    let others: Vec<_> = others.into_iter().map(other).collect();
    if !others.is_empty() {
        groups.push(group("Others that this key has", &html! {}, &others));
    }
    let described = ["scopes-hint".to_owned()].into_iter().chain(faults.described_by("scopes"));
    html! {
        fieldset.scopes aria-describedby=(described.collect::<Vec<_>>().join(" ")) {
            legend { "Scopes" }
            p.hint id="scopes-hint" { "Choose the fewest that this key needs. You can add more later without changing the secret." }
            (faults.beside("scopes"))
            @for group in &groups { (group) }
        }
    }
}

fn group(name: &str, note: &Markup, scopes: &[Markup]) -> Markup {
    html! {
        div.resource role="group" aria-label=(name) {
            p.name { (name) (note) }
            @for scope in scopes { (scope) }
        }
    }
}

fn other(scope: &Scope) -> Markup {
    let known = REGISTRY.iter().find(|(name, _)| *name == scope.as_str()).map(|(_, text)| *text);
    html! {
        label.check {
            input type="checkbox" name="scope" value=(scope) checked;
            span { code { (scope) } " " span.note { (known.unwrap_or("not in the catalogue")) } }
        }
    }
}
