//! Settings → Integrations → Developer: the keys of a partner.

use actix_web::{HttpRequest, HttpResponse, web};
use keyledger_command_service::ports::{KeyPage, ListKeys};
use keyledger_domain::{PartnerId, key::Status};
use keyledger_secret::holds_any_secret;
use maud::{Markup, html};
use serde::Deserialize;

use super::{
    key_row::{self, Rows},
    layout::{self, Place},
};
use crate::{
    people::{Role, Standing},
    web::{
        answer::{self, Turned},
        visit::Visit,
    },
};

/// How many keys are shown before somebody asks for more.
const PAGE: usize = 50;

/// Which keys.
#[derive(Default, Deserialize)]
pub(crate) struct Filter {
    /// Part of a name, or the beginning of a prefix.
    #[serde(default)]
    search: String,
    #[serde(default)]
    status: String,
    cursor: Option<String>,
}

impl Filter {
    fn status(&self) -> Option<Status> {
        match self.status.as_str() {
            "active" => Some(Status::Active),
            "revoked" => Some(Status::Revoked),
            "expired" => Some(Status::Expired),
            _ => None,
        }
    }

    fn search(&self) -> Option<&str> {
        Some(self.search.trim()).filter(|search| !search.is_empty())
    }

    fn asks_for_some(&self) -> bool {
        self.search().is_some() || self.status().is_some()
    }
}

impl Filter {
    /// Refuses a whole key: what is searched for stands in an address, and these are kept in many places.
    fn must_hold_no_secret(&self) -> Result<(), Turned> {
        if holds_any_secret(&self.search) { Err(Turned::HoldsSecret) } else { Ok(()) }
    }
}

/// The page.
pub(crate) async fn show(http: HttpRequest, filter: web::Query<Filter>) -> Result<HttpResponse, Turned> {
    let visit = Visit::enter(&http, "developer").await?;
    let partner = visit.partner()?;
    if !visit.person.standing.authority().may_write(&partner) {
        return Ok(answer::page(ask_an_admin(&visit, &partner).await?));
    }
    filter.must_hold_no_secret()?;
    let page = read(&visit, &partner, &filter).await?;
    let rows = Rows::of(&visit, &partner, page).await?;
    let is_empty = rows.is_empty() && !filter.asks_for_some();
    let content = html! {
        div.title {
            div {
                h1 { "API keys" }
                p.lead { "Each key acts for " strong { (partner) } " and nobody else. Give every system its own, with the fewest scopes it needs." }
            }
            @if !is_empty { (create_button(&partner)) }
        }
        @if is_empty {
            div.empty {
                h2 { "Create your first key" }
                @if visit.is_operator() { p { strong { "No key of " (partner) " was ever made." } " Look at how it is spelled: its first key makes a partner." } }
                p { "A key lets one of your systems call the API. It takes a name and the scopes it needs; the secret is shown once." }
                (create_button(&partner))
            }
        } @else {
            (filters(&partner, &filter))
            (table(&partner, &filter, &rows, &visit))
        }
    };
    Ok(answer::page(layout::page(&visit, Some(Place::Developer), Some(&partner), "API keys", &content)))
}

/// The rows alone: after a change, for other filters, and the next ones.
pub(crate) async fn rows(http: HttpRequest, filter: web::Query<Filter>) -> Result<HttpResponse, Turned> {
    let visit = Visit::enter(&http, "developer_rows").await?;
    let partner = visit.managed_partner()?;
    filter.must_hold_no_secret()?;
    let page = read(&visit, &partner, &filter).await?;
    let rows = Rows::of(&visit, &partner, page).await?;
    Ok(answer::page(body(&partner, &filter, &rows, &visit)))
}

async fn read(visit: &Visit, partner: &PartnerId, filter: &Filter) -> Result<KeyPage, Turned> {
    let query = ListKeys {
        partner,
        status: filter.status(),
        search: filter.search(),
        now: visit.now(),
        limit: PAGE,
        cursor: filter.cursor.as_deref(),
    };
    Ok(visit.portal.service.list_keys(query).await?)
}

fn create_button(partner: &PartnerId) -> Markup {
    let path = format!("/partners/{partner}/keys/new");
    html! { a.button.primary href=(path) hx-get=(path) hx-target="#dialog" { "Create key" } }
}

fn filters(partner: &PartnerId, filter: &Filter) -> Markup {
    let statuses = [("", "All"), ("active", "Active"), ("revoked", "Revoked"), ("expired", "Expired")];
    html! {
        form.filters method="get" action=(super::home::developer(partner)) role="search"
            hx-get=(format!("/partners/{partner}/developer/rows")) hx-target="#keys" hx-swap="innerHTML"
            hx-trigger="input delay:250ms, submit" {
            div.field {
                label for="search" { "Search" }
                input id="search" name="search" type="search" value=(filter.search) placeholder="Name or first characters" autocomplete="off";
            }
            div.field {
                label for="status" { "Status" }
                select id="status" name="status" {
                    @for (value, label) in statuses {
                        option value=(value) selected[filter.status == value] { (label) }
                    }
                }
            }
            noscript { button type="submit" { "Show" } }
        }
    }
}

fn table(partner: &PartnerId, filter: &Filter, rows: &Rows, visit: &Visit) -> Markup {
    html! {
        div.table role="region" aria-label="Keys" tabindex="0" {
            table {
                caption.hidden { "The keys of " (partner) ", newest first" }
                thead {
                    tr {
                        th scope="col" { "Key" }
                        th scope="col" { "Status" }
                        th scope="col" { "Scopes" }
                        th scope="col" { "Created" }
                        th scope="col" { "Expires" }
                        th scope="col" { "Last used" }
                        th scope="col" { span.hidden { "Actions" } }
                    }
                }
                // Whatever changed a key says so, and the rows are read anew.
                tbody id="keys" hx-get=(format!("/partners/{partner}/developer/rows")) hx-include=".filters"
                    hx-trigger="keys-changed from:body" hx-swap="innerHTML" {
                    (body(partner, filter, rows, visit))
                }
            }
        }
    }
}

fn body(partner: &PartnerId, filter: &Filter, rows: &Rows, visit: &Visit) -> Markup {
    html! {
        @for row in &rows.keys { (key_row::show(row, visit)) }
        @if rows.is_empty() && filter.cursor.is_none() {
            tr.none { td colspan="7" { "No key is like that." } }
        }
        @if let Some(cursor) = &rows.next_cursor {
            tr.more {
                td colspan="7" {
                    button type="button" hx-get=(format!("/partners/{partner}/developer/rows")) hx-include=".filters"
                        hx-vals=(serde_json::json!({ "cursor": cursor })) hx-target="closest tr" hx-swap="outerHTML" { "Show more" }
                }
            }
        }
    }
}

/// What a member sees who follows the link: whom to ask.
async fn ask_an_admin(visit: &Visit, partner: &PartnerId) -> Result<Markup, Turned> {
    let team = partner.clone();
    let people = visit.portal.people(move |people| people.list(Some(&team))).await?;
    let admins = people.iter().filter(|person| {
        !person.disabled && person.standing == Standing::of_partner(partner.clone(), Role::Admin)
    });
    let names: Vec<_> = admins.map(|admin| admin.username.to_string()).collect();
    let content = html! {
        h1 { "API keys are for admins" }
        p.lead { "Your account may not manage the keys of " strong { (partner) } ". Ask an admin of your team for access, or for a key." }
        @if let Some(provider) = visit.portal.provider.as_ref().filter(|_| visit.person.issuer.is_some()) {
            p { "What you may do here is decided at " (provider.host()) ", and changes when you sign in again." }
        }
        @if !names.is_empty() {
            h2 { "Admins of your team" }
            ul.plain { @for name in &names { li { (name) } } }
        }
    };
    Ok(layout::page(visit, None, None, "API keys are for admins", &content))
}
