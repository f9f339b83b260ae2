use actix_web::{HttpRequest, HttpResponse, http::StatusCode, web};
use keyledger_command_service::{CommandError, CreateKey, Refusal};
use keyledger_domain::{Catalogue, KeyName, PartnerId, Scope, Scopes, Timestamp, key::Rejection};
use maud::{Markup, html};

use super::{
    dialog::Dialog,
    edit_scopes::stale,
    fields::{Faults, TextField},
    reveal, scope_picker,
};
use crate::web::{answer::Turned, form::Form, visit::Visit};

const TITLE: &str = "Create key";

/// What somebody filled in so far.
#[derive(Default)]
struct Filled<'a> {
    name: &'a str,
    scopes: Vec<Scope>,
    expires_on: &'a str,
}

/// Asks what the key is to be.
pub(crate) async fn ask(http: HttpRequest) -> Result<HttpResponse, Turned> {
    let visit = Visit::enter(&http, "create_key").await?;
    let partner = visit.managed_partner()?;
    let dialog = Dialog { visit: &visit, partner: &partner, title: TITLE };
    let form = form(&dialog, &catalogue(&visit).await?, &Filled::default(), &Faults::default());
    Ok(dialog.show(StatusCode::OK, &form))
}

/// Creates it, and shows the secret.
pub(crate) async fn create(http: HttpRequest, payload: web::Payload) -> Result<HttpResponse, Turned> {
    let visit = Visit::enter(&http, "create_key").await?;
    let partner = visit.managed_partner()?;
    let form = Form::of(&visit, &mut payload.into_inner()).await?;
    let dialog = Dialog { visit: &visit, partner: &partner, title: "Your new key" };
    let mut faults = Faults::default();
    let filled = Filled {
        name: form.text("name"),
        scopes: form.all("scope").filter_map(|text| Scope::parse(text).ok()).collect(),
        expires_on: form.text("expires"),
    };
    if let Some(command) = read(&filled, &partner, &mut faults) {
        let request = visit.request(form.idempotency(&http));
        match visit.portal.service.create_key(&request, command).await {
            Ok(minted) => return Ok(reveal::show(&dialog, &minted, &html! {})),
            Err(CommandError::Failed(failure)) => return Err(failure.into()),
            Err(CommandError::Refused(refusal)) => add_faults(&mut faults, refusal),
        }
    }
    let again = Dialog { title: TITLE, ..dialog };
    let asked = self::form(&again, &catalogue(&visit).await?, &filled, &faults);
    Ok(again.show(StatusCode::UNPROCESSABLE_ENTITY, &asked))
}

/// The scopes there are.
pub(super) async fn catalogue(visit: &Visit) -> Result<Catalogue, Turned> {
    Ok(visit.portal.service.show_catalogue().await?.map(|(catalogue, ..)| catalogue).unwrap_or_default())
}

fn read(filled: &Filled<'_>, partner: &PartnerId, faults: &mut Faults) -> Option<CreateKey> {
    let name = faults.read("name", KeyName::parse(filled.name));
    let scopes = if filled.scopes.is_empty() {
        faults.add("scopes", "Choose at least one.");
        None
    } else {
        faults.read("scopes", Scopes::new(filled.scopes.clone()))
    };
    let expires_at = match filled.expires_on {
        "" => Some(None),
        // Through the day that was named, wherever it ends last.
        day => faults.read("expires", Timestamp::parse(&format!("{day}T23:59:59Z")).map(Some)),
    };
    Some(CreateKey {
        partner_id: partner.clone(),
        name: name?,
        scopes: scopes?,
        throttle: None,
        expires_at: expires_at?,
    })
}

/// What the use case refused, beside the fields it is about.
pub(super) fn add_faults(faults: &mut Faults, refusal: Refusal) {
    match refusal {
        Refusal::Rejected(rejections) => {
            for rejection in rejections {
                let field = match rejection {
                    Rejection::ExpiryNotInFuture => "expires",
                    Rejection::UnknownScopes(_) | Rejection::ScopesNotForPartner(_) => "scopes",
                    _ => "",
                };
                faults.add(field, rejection);
            }
        }
        Refusal::Stale => faults.add("", stale()),
        Refusal::LastOperatorKey => faults.add(
            "",
            "This is the last operator key. Whoever runs the registry can take it away on the command line: keyledger revoke --force.",
        ),
        Refusal::Ambiguous(matches) => faults.add(
            "",
            format!("{} keys share this prefix, so none was revoked. Revoke the right one on its partner's page.", matches.len()),
        ),
        Refusal::IdempotencyKeyReused | Refusal::IdempotencyKeyInFlight => {
            faults.add("", "This form was sent before with something else in it. Close it and open it again.");
        }
        refusal => faults.add("", refusal),
    }
}

fn form(dialog: &Dialog<'_>, catalogue: &Catalogue, filled: &Filled<'_>, faults: &Faults) -> Markup {
    let name = TextField {
        name: "name",
        label: "Name",
        kind: "text",
        value: filled.name,
        hint: Some("What the key is for, for people. It stays in the history for ever."),
        autocomplete: "off",
        focus: true,
        required: true,
    };
    let expires = TextField {
        name: "expires",
        label: "Expires on (optional)",
        kind: "date",
        value: filled.expires_on,
        hint: Some("Through the end of that day in UTC. Without a day it works until it is revoked."),
        autocomplete: "off",
        focus: false,
        required: false,
    };
    let content = html! {
        (faults.summary())
        (name.show(faults))
        (scope_picker::show(catalogue, dialog.partner, &filled.scopes, faults))
        (expires.show(faults))
    };
    let submit = html! { button.primary type="submit" { "Create key" } };
    dialog.form(&format!("/partners/{}/keys", dialog.partner), &content, &submit)
}
