use actix_web::{HttpRequest, HttpResponse, http::StatusCode, web};
use keyledger_command_service::{CommandError, Match, Refusal, Revocation, RevokePrefix};
use keyledger_domain::{Prefix, Reason};
use maud::{Markup, html};

use super::{
    create_key::add_faults,
    dialog::NOT_YET,
    fields::{Faults, TextField},
    key_row::status_name,
    layout::{self, Place},
};
use crate::web::{
    answer::{self, Turned},
    form::{Form, ONCE},
    visit::Visit,
};

/// For an operator who has nothing but the first eight characters of a leaked key.
pub(crate) async fn ask(http: HttpRequest) -> Result<HttpResponse, Turned> {
    let visit = operator(&http).await?;
    Ok(answer::page(page(&visit, &form(&visit, "", "", &Faults::default()))))
}

/// Shows what would be revoked, and, once that was seen, revokes it.
pub(crate) async fn revoke(http: HttpRequest, payload: web::Payload) -> Result<HttpResponse, Turned> {
    let visit = operator(&http).await?;
    let form = Form::of(&visit, &mut payload.into_inner()).await?;
    let (typed, why) = (form.text("prefix").trim(), form.text("reason"));
    let mut faults = Faults::default();
    let prefix = Prefix::parse(typed.as_bytes());
    let prefix = faults.read("prefix", prefix.map_err(|_| "Give the first eight characters of the key."));
    let reason = faults.read("reason", Reason::parse(why));
    if let (Some(prefix), Some(reason)) = (prefix, reason) {
        let dry_run = form.text("seen") != "yes";
        let command = RevokePrefix { prefix, reason, dry_run, force: false };
        let idempotency = if dry_run { None } else { form.idempotency(&http) };
        match visit.portal.service.revoke_prefix(&visit.request(idempotency), command).await {
            Ok(revocation) if dry_run => {
                return Ok(answer::page(page(&visit, &confirm(&visit, typed, why, &revocation.matches))));
            }
            Ok(revocation) => return Ok(answer::page(page(&visit, &done(&revocation)))),
            Err(CommandError::Failed(failure)) => return Err(failure.into()),
            Err(CommandError::Refused(Refusal::NoMatch)) => {
                faults.add("prefix", "No key has, or had, a secret that begins so.");
            }
            Err(CommandError::Refused(refusal)) => add_faults(&mut faults, refusal),
        }
    }
    let again = self::form(&visit, typed, why, &faults);
    Ok(answer::html(StatusCode::UNPROCESSABLE_ENTITY, page(&visit, &again)))
}

async fn operator(http: &HttpRequest) -> Result<Visit, Turned> {
    let visit = Visit::enter(http, "emergency").await?;
    if visit.is_operator() { Ok(visit) } else { Err(Turned::NotFound) }
}

fn page(visit: &Visit, content: &Markup) -> Markup {
    let content = html! {
        h1 { "Emergency revocation" }
        (content)
    };
    layout::page(visit, Some(Place::Emergency), None, "Emergency revocation", &content)
}

fn form(visit: &Visit, prefix: &str, reason: &str, faults: &Faults) -> Markup {
    let text = |name, label, value, hint, focus| TextField {
        name,
        label,
        kind: "text",
        value,
        hint: Some(hint),
        autocomplete: "off",
        focus,
        required: true,
    };
    html! {
        p.lead { "A key was seen where it should not be? Its first eight characters are enough. Never paste a whole key anywhere." }
        (faults.summary())
        form.card method="post" action="/emergency" {
            (layout::token(visit))
            (text("prefix", "First eight characters", prefix, "Of its present secret, or of one that was replaced.", true).show(faults))
            (text("reason", "Why", reason, "Where it was seen, for the history.", false).show(faults))
            button.primary type="submit" { "Find the key" }
        }
    }
}

fn confirm(visit: &Visit, prefix: &str, reason: &str, matches: &[Match]) -> Markup {
    html! {
        p.warning { strong { "This is immediate and final." } " Every secret of this key stops working at once." }
        (keys(matches))
        form method="post" action="/emergency" {
            (layout::token(visit))
            input type="hidden" name=(ONCE) value=(hex::encode(visit.portal.random::<16>()));
            input type="hidden" name="prefix" value=(prefix);
            input type="hidden" name="reason" value=(reason);
            input type="hidden" name="seen" value="yes";
            div.buttons {
                a.button href="/emergency" { "Cancel" }
                button.primary.danger type="submit" autofocus { "Revoke now" }
            }
        }
    }
}

fn done(revocation: &Revocation) -> Markup {
    html! {
        p role="status" {
            @if !revocation.applied { (NOT_YET) }
            @else if revocation.revoked > 0 { "It is revoked, and refused from now on." } @else { "It had been revoked before." }
        }
        (keys(&revocation.matches))
        p { a.button href="/emergency" { "Another one" } }
    }
}

fn keys(matches: &[Match]) -> Markup {
    html! {
        ul.plain {
            @for found in matches {
                li {
                    strong { (found.name) } " of " a href=(super::home::developer(&found.partner_id)) { (found.partner_id) } ", "
                    code { (found.prefix) "…" } " " span.badge { (status_name(found.status)) }
                }
            }
        }
    }
}
