use keyledger_domain::PartnerId;
use maud::{DOCTYPE, Markup, html};

use super::{change_password, home, team};
use crate::{
    people::Standing,
    web::{assets, form::TOKEN, visit::Visit},
};

/// What htmx does by itself elsewhere, and must not here: a style in the page, code from a string, and a copy of pages in the
/// browser's storage, where a secret could stay.
const HTMX: &str = r#"{"includeIndicatorStyles":false,"allowEval":false,"historyCacheSize":0,"historyEnabled":false,"selfRequestsOnly":true,"allowScriptTags":false,"responseHandling":[{"code":"204","swap":false},{"code":"...","swap":true}]}"#;

/// Where somebody is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// The keys of a partner.
    Developer,
    /// Who may manage them.
    Team,
    /// Every partner.
    Partners,
    /// Revoking by the first eight characters.
    Emergency,
    /// Somebody's own password.
    Account,
}

/// A page of somebody who is signed in.
pub(super) fn page(
    visit: &Visit,
    place: Option<Place>,
    partner: Option<&PartnerId>,
    title: &str,
    content: &Markup,
) -> Markup {
    let person = &visit.person;
    document(
        title,
        &html! {
            a.skip href="#content" { "Skip to the page" }
            header.top {
                a.brand href="/" { img src=(assets::path("icon.svg")) alt="" width="28" height="28"; "keyledger" }
                @if let Some(partner) = partner { span.partner { (partner) } }
                div.who {
                    span.name { (person.username) }
                    span.standing { (standing(&person.standing)) }
                    @if person.issuer.is_none() {
                        a href=(change_password::PATH) aria-current=[(place == Some(Place::Account)).then_some("page")] { "Password" }
                    }
                    form method="post" action="/sign-out" {
                        (token(visit))
                        button.quiet type="submit" { "Sign out" }
                    }
                }
            }
            div.frame {
                nav.side aria-label="Pages" {
                    @if visit.is_operator() {
                        p.group { "Registry" }
                        ul { (link(place, Place::Partners, "/partners", "Partners")) (link(place, Place::Emergency, "/emergency", "Emergency")) }
                    }
                    @if let Some(partner) = partner.filter(|partner| person.standing.authority().may_write(partner)) {
                        p.group { "Settings" }
                        ul { (link(place, Place::Team, &team::path(partner), "Team")) }
                        p.group { "Integrations" }
                        ul { (link(place, Place::Developer, &home::developer(partner), "Developer")) }
                    }
                }
                main id="content" tabindex="-1" { (content) }
            }
            dialog id="dialog" aria-labelledby="dialog-title" {}
            p id="said" role="status" aria-live="polite" {}
        },
    )
}

fn link(place: Option<Place>, to: Place, path: &str, label: &str) -> Markup {
    html! { li { a href=(path) aria-current=[(place == Some(to)).then_some("page")] { (label) } } }
}

/// A page for nobody in particular: sign-in, and what cannot be shown.
pub(super) fn plain(title: &str, content: &Markup) -> Markup {
    document(
        title,
        &html! {
            main.card id="content" {
                p.brand { img src=(assets::path("icon.svg")) alt="" width="32" height="32"; "keyledger" }
                (content)
            }
        },
    )
}

/// A page that says one thing.
pub(crate) fn notice(title: &str, text: &str) -> Markup {
    plain(title, &html! { h1 { (title) } p { (text) } p { a.button href="/" { "To the start" } } })
}

/// The field that shows that a form comes from a page of this session.
pub(super) fn token(visit: &Visit) -> Markup {
    html! { input type="hidden" name=(TOKEN) value=(visit.session.form_token()); }
}

fn standing(standing: &Standing) -> &'static str {
    match standing {
        Standing::Operator => "Operator",
        Standing::Admin { .. } => "Admin",
        Standing::Member { .. } => "Member",
    }
}

fn document(title: &str, body: &Markup) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                meta name="htmx-config" content=(HTMX);
                title { (title) " · keyledger" }
                link rel="icon" type="image/svg+xml" href=(assets::path("icon.svg"));
                link rel="stylesheet" href=(assets::path("style.css"));
                script defer src=(assets::path("htmx.js")) {}
                script defer src=(assets::path("portal.js")) {}
            }
            body { (body) }
        }
    }
}
