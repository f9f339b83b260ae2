use actix_web::{HttpRequest, HttpResponse, http::StatusCode, web};
use keyledger_command_service::{CommandError, Revisions, RevokeKey};
use keyledger_domain::{Reason, key::Key};
use maud::{Markup, html};

use super::{
    create_key::add_faults,
    dialog::Dialog,
    fields::{Faults, TextField},
};
use crate::web::{answer::Turned, form::Form, visit::Visit};

const TITLE: &str = "Revoke key";

/// Asks whether it is really meant.
pub(crate) async fn ask(http: HttpRequest) -> Result<HttpResponse, Turned> {
    let visit = Visit::enter(&http, "revoke_key").await?;
    let key_ref = visit.key()?;
    let key = visit.portal.service.show_key(&key_ref).await?;
    let dialog = Dialog { visit: &visit, partner: &key_ref.partner_id, title: TITLE };
    Ok(dialog.show(StatusCode::OK, &form(&dialog, &key, "", "", &Faults::default())))
}

/// Revokes it.
pub(crate) async fn revoke(http: HttpRequest, payload: web::Payload) -> Result<HttpResponse, Turned> {
    let visit = Visit::enter(&http, "revoke_key").await?;
    let key_ref = visit.key()?;
    let form = Form::of(&visit, &mut payload.into_inner()).await?;
    let dialog = Dialog { visit: &visit, partner: &key_ref.partner_id, title: TITLE };
    let key = visit.portal.service.show_key(&key_ref).await?;
    let (typed, reason) = (form.text("confirm").trim(), form.text("reason"));
    let mut faults = Faults::default();
    if typed != key.name.as_str().trim() && typed != key.prefix.to_string() {
        faults.add("confirm", "This is neither the key's name nor its first eight characters.");
    }
    let why = if reason.trim().is_empty() {
        Some(None)
    } else {
        faults.read("reason", Reason::parse(reason)).map(Some)
    };
    if let Some(reason) = why.filter(|_| !faults.are_there_any()) {
        let command = RevokeKey { key: key_ref.clone(), reason, force: false, revisions: Revisions::Any };
        match visit.portal.service.revoke_key(&visit.request(form.idempotency(&http)), command).await {
            Ok(changed) => return Ok(dialog.done(&changed, "The key is revoked.")),
            Err(CommandError::Failed(failure)) => return Err(failure.into()),
            Err(CommandError::Refused(refusal)) => add_faults(&mut faults, refusal),
        }
    }
    Ok(dialog.show(StatusCode::UNPROCESSABLE_ENTITY, &self::form(&dialog, &key, typed, reason, &faults)))
}

fn form(dialog: &Dialog<'_>, key: &Key, typed: &str, reason: &str, faults: &Faults) -> Markup {
    let hint = format!("Type its name, or its first eight characters ({}).", key.prefix);
    let confirm = TextField {
        name: "confirm",
        label: "Which key?",
        kind: "text",
        value: typed,
        hint: Some(&hint),
        autocomplete: "off",
        focus: true,
        required: true,
    };
    let why = TextField {
        name: "reason",
        label: "Why (optional)",
        kind: "text",
        value: reason,
        hint: Some("For the history, where it stays for ever."),
        autocomplete: "off",
        focus: false,
        required: false,
    };
    let content = html! {
        p.warning { strong { "This is immediate and final." } " Every secret of " strong { (key.name) } " stops working at once, and nobody can bring it back." }
        (faults.summary())
        (confirm.show(faults))
        (why.show(faults))
    };
    let submit = html! { button.primary.danger type="submit" { "Revoke key" } };
    let path = format!("/partners/{}/keys/{}/revoke", key.partner_id, key.key_id);
    dialog.form(&path, &content, &submit)
}
