use std::collections::HashMap;

use actix_web::{HttpRequest, HttpResponse, http::StatusCode};
use keyledger_domain::{Actor, Timestamp};
use maud::{Markup, html};
use serde::Deserialize;
use serde_json::Value;

use super::{
    dialog::Dialog,
    key_row::{name_of, names},
    moment::moment,
};
use crate::web::{answer::Turned, visit::Visit};

/// What of an event's public part people read. Its names are kept for ever.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Happened {
    #[serde(rename = "type")]
    what: String,
    occurred_at: Timestamp,
    actor: Actor,
    #[serde(default)]
    data: Value,
}

/// What happened to a key: who, when, what changed.
pub(crate) async fn show(http: HttpRequest) -> Result<HttpResponse, Turned> {
    let visit = Visit::enter(&http, "history").await?;
    let key_ref = visit.key()?;
    let partner = &key_ref.partner_id;
    let key = visit.portal.service.show_key(&key_ref).await?;
    let events = visit.portal.service.key_history(&key_ref).await?;
    let unreadable = |error: serde_json::Error| Turned::Unavailable(error.to_string());
    let events = events.iter().map(|event| serde_json::from_slice::<Happened>(&event.public));
    let mut events = events.collect::<Result<Vec<_>, _>>().map_err(unreadable)?;
    let names = names(&visit, partner, events.iter().map(|event| &event.actor)).await?;
    events.reverse();
    let dialog = Dialog { visit: &visit, partner, title: "History" };
    let content = html! {
        p { strong { (key.name) } ", newest first. Nothing here is ever changed or removed." }
        ol.timeline tabindex="0" aria-label="Events" { @for event in &events { (entry(event, &names)) } }
        div.buttons { a.button data-close="" autofocus href=(super::home::developer(partner)) { "Close" } }
    };
    Ok(dialog.show(StatusCode::OK, &content))
}

fn entry(event: &Happened, names: &HashMap<String, String>) -> Markup {
    let data = &event.data;
    let text = |name: &str| data[name].as_str().unwrap_or("?").to_owned();
    let (title, more) = match event.what.as_str() {
        "KeyCreated" => (
            "Created",
            html! { "as " strong { (text("name")) } ", first secret " code { (text("prefix")) "…" } ", with " (scopes(data)) },
        ),
        "KeyRegenerated" => {
            ("Regenerated", html! { "new secret " code { (text("prefix")) "…" } (overlap(data)) })
        }
        "KeyRevoked" => (
            "Revoked",
            html! { @match data["reason"].as_str() { Some(reason) => { "“" (reason) "”" }, None => "no reason was given" } },
        ),
        "KeyOverlapEnded" => ("Overlap ended", html! { "the old secret stopped at once" }),
        "KeyScopesChanged" => ("Scopes changed", html! { "to " (scopes(data)) }),
        "KeyThrottleChanged" => (
            "Throttle changed",
            html! { "to " (data["throttle"]["ratePerSecond"]) " a second, burst " (data["throttle"]["burst"]) },
        ),
        "KeyRenamed" => ("Renamed", html! { "to " strong { (text("name")) } }),
        "KeyExpirationChanged" => (
            "Expiry changed",
            html! { @match time(&data["expiresAt"]) { Some(at) => { "to " (moment(at)) }, None => "to never" } },
        ),
        other => (other, html! { "by a newer release of keyledger" }),
    };
    html! {
        li {
            p.what { strong { (title) } " " (more) }
            p.note { (moment(event.occurred_at)) " by " (name_of(&event.actor, names)) }
        }
    }
}

fn scopes(data: &Value) -> Markup {
    let scopes = data["scopes"].as_array().map(Vec::as_slice).unwrap_or_default();
    html! { @for scope in scopes.iter().filter_map(Value::as_str) { code { (scope) } " " } }
}

fn overlap(data: &Value) -> Markup {
    let old = data["supersededSecrets"].as_array().and_then(|old| old.first());
    html! {
        @match old.and_then(|old| time(&old["validUntil"])) {
            Some(until) => { ", the old one until " (moment(until)) },
            None => ", the old one stopped at once",
        }
    }
}

fn time(value: &Value) -> Option<Timestamp> {
    Timestamp::parse(value.as_str()?).ok()
}
