use actix_web::{HttpRequest, HttpResponse, http::StatusCode, web};
use keyledger_domain::PartnerId;
use maud::{Markup, html};
use uuid::Uuid;

use super::{
    fields::Faults,
    layout::{self, Place},
};
use crate::{
    people::{ChangeError, Person, PersonId, Role, Standing},
    web::{
        answer::{self, Turned},
        form::Form,
        visit::Visit,
    },
};

/// Who of a partner may manage its keys.
pub(crate) async fn show(http: HttpRequest) -> Result<HttpResponse, Turned> {
    let visit = Visit::enter(&http, "team").await?;
    let partner = visit.managed_partner()?;
    Ok(answer::page(page(&visit, &partner, &Faults::default()).await?))
}

/// Grants somebody of the partner the right to manage its keys, or withdraws it.
pub(crate) async fn change(http: HttpRequest, payload: web::Payload) -> Result<HttpResponse, Turned> {
    let visit = Visit::enter(&http, "team_change").await?;
    let partner = visit.managed_partner()?;
    let form = Form::of(&visit, &mut payload.into_inner()).await?;
    let role = match form.text("role") {
        "admin" => Role::Admin,
        "member" => Role::Member,
        _ => return Err(Turned::Malformed),
    };
    let id = PersonId(Uuid::try_parse(form.text("person")).map_err(|_| Turned::NotFound)?);
    let mut faults = Faults::default();
    if id == visit.person.id {
        // Whoever does it by mistake could not undo it.
        faults.add("", "You cannot withdraw your own access. Ask another admin.");
    } else {
        let (by, now, of) = (visit.person.decider(), visit.now(), partner.clone());
        let changed = visit.portal.people(move |people| {
            // Nobody reaches somebody of another partner by naming them.
            let theirs = people.find(id)?.filter(|person| person.standing.partner() == Some(&of));
            theirs.ok_or(ChangeError::NoSuchPerson)?;
            people.change_standing(
                id,
                |person| match person.standing.partner() {
                    Some(partner) if *partner == of => {
                        (Standing::of_partner(of.clone(), role), person.disabled)
                    }
                    _ => (person.standing.clone(), person.disabled),
                },
                &by,
                now,
            )
        });
        match changed.await {
            Ok(_) => return Ok(answer::to(&http, &path(&partner))),
            Err(ChangeError::NoSuchPerson) => return Err(Turned::NotFound),
            Err(ChangeError::Unavailable(error)) => return Err(error.into()),
            Err(
                refused @ (ChangeError::LastOperator
                | ChangeError::DecidedElsewhere(_)
                | ChangeError::AnotherPassword),
            ) => faults.add("", refused),
        }
    }
    Ok(answer::html(StatusCode::CONFLICT, page(&visit, &partner, &faults).await?))
}

pub(super) fn path(partner: &PartnerId) -> String {
    format!("/partners/{partner}/team")
}

async fn page(visit: &Visit, partner: &PartnerId, faults: &Faults) -> Result<Markup, Turned> {
    let of = partner.clone();
    let people = visit.portal.people(move |people| people.list(Some(&of))).await?;
    let content = html! {
        h1 { "Team" }
        p.lead { "Admins see the Developer page and manage the keys of " strong { (partner) } ". Members do not. " (who_decides(visit)) }
        (faults.summary())
        @if people.is_empty() {
            div.empty { h2 { "Nobody yet" } p { "No one of " (partner) " has an account." } }
        } @else {
            div.table role="region" aria-label="Team" tabindex="0" {
                table {
                    thead { tr { th scope="col" { "Person" } th scope="col" { "Access" } th scope="col" { span.hidden { "Change" } } } }
                    tbody { @for person in &people { (row(visit, partner, person)) } }
                }
            }
        }
    };
    Ok(layout::page(visit, Some(Place::Team), Some(partner), "Team", &content))
}

/// Who adds people and says what they may do.
fn who_decides(visit: &Visit) -> Markup {
    html! {
        @match &visit.portal.provider {
            None => "Whoever runs this registry adds people.",
            Some(provider) => {
                "People who sign in with " (provider.host()) " are here once they came for the first time, and what they may do is decided there, "
                "not on this page: it changes when they sign in again."
            },
        }
    }
}

fn row(visit: &Visit, partner: &PartnerId, person: &Person) -> Markup {
    let is_admin = matches!(person.standing, Standing::Admin { .. });
    let (label, to) = if is_admin { ("Withdraw access", "member") } else { ("Give access", "admin") };
    html! {
        tr {
            th scope="row" { span.name { (person.username) } @if person.id == visit.person.id { span.note { "you" } } }
            td data-label="Access" {
                span.badge { @if is_admin { "Admin" } @else { "Member" } }
                @if person.disabled { span.note { "disabled" } }
                @if let Some(issuer) = &person.issuer { span.note { "decided by " (issuer) } }
            }
            td.actions {
                @if person.id != visit.person.id && person.issuer.is_none() {
                    form method="post" action=(path(partner)) {
                        (layout::token(visit))
                        input type="hidden" name="person" value=(person.id);
                        input type="hidden" name="role" value=(to);
                        button type="submit" aria-label=(format!("{label}: {}", person.username)) { (label) }
                    }
                }
            }
        }
    }
}
