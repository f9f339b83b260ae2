use actix_web::{HttpRequest, HttpResponse, http::StatusCode, web};
use keyledger_command_service::{CommandError, EditKey, KeyRef, Refusal, Revisions};
use keyledger_domain::{Scope, Scopes, key::Key};
use maud::{Markup, html};

use super::{
    create_key::{add_faults, catalogue},
    dialog::Dialog,
    fields::Faults,
    scope_picker,
};
use crate::web::{answer::Turned, form::Form, visit::Visit};

const TITLE: &str = "Edit scopes";

/// The field that says which state of the key somebody saw.
pub(super) const REVISION: &str = "revision";

/// Asks what the key may do.
pub(crate) async fn ask(http: HttpRequest) -> Result<HttpResponse, Turned> {
    let visit = Visit::enter(&http, "edit_scopes").await?;
    let key_ref = visit.key()?;
    let key = visit.portal.service.show_key(&key_ref).await?;
    let dialog = Dialog { visit: &visit, partner: &key_ref.partner_id, title: TITLE };
    let held: Vec<_> = key.scopes.iter().cloned().collect();
    let form = form(&dialog, &key, &held, &Faults::default()).await?;
    Ok(dialog.show(StatusCode::OK, &form))
}

/// Shows what would change, and, once that was seen, changes it.
pub(crate) async fn edit(http: HttpRequest, payload: web::Payload) -> Result<HttpResponse, Turned> {
    let visit = Visit::enter(&http, "edit_scopes").await?;
    let key_ref = visit.key()?;
    let form = Form::of(&visit, &mut payload.into_inner()).await?;
    let dialog = Dialog { visit: &visit, partner: &key_ref.partner_id, title: TITLE };
    let chosen: Vec<_> = form.all("scope").filter_map(|text| Scope::parse(text).ok()).collect();
    let key = visit.portal.service.show_key(&key_ref).await?;
    let mut faults = Faults::default();
    if chosen.is_empty() {
        faults.add("scopes", "Choose at least one, or revoke the key.");
    } else if form.text("seen") != "yes" && form.text(REVISION) == key.revision.to_string() {
        return Ok(dialog.show(StatusCode::OK, &changes(&dialog, &key, &chosen)));
    } else if let Some(scopes) = faults.read("scopes", Scopes::new(chosen.clone())) {
        let command = command(key_ref.clone(), &form);
        let request = visit.request(None);
        match visit.portal.service.edit_key(&request, EditKey { scopes: Some(scopes), ..command }).await {
            Ok(changed) => return Ok(dialog.done(&changed, "The scopes are changed.")),
            Err(CommandError::Failed(failure)) => return Err(failure.into()),
            Err(CommandError::Refused(Refusal::Stale)) => {
                // What somebody chose was meant for another state: they see the new one.
                let held: Vec<_> = key.scopes.iter().cloned().collect();
                faults.add("", stale());
                let form = self::form(&dialog, &key, &held, &faults).await?;
                return Ok(dialog.show(StatusCode::CONFLICT, &form));
            }
            Err(CommandError::Refused(refusal)) => add_faults(&mut faults, refusal),
        }
    }
    let form = self::form(&dialog, &key, &chosen, &faults).await?;
    Ok(dialog.show(StatusCode::UNPROCESSABLE_ENTITY, &form))
}

/// What is said of a page whose key was changed elsewhere.
pub(super) fn stale() -> &'static str {
    "The key was changed elsewhere meanwhile. This is how it is now; nothing of yours was changed."
}

/// An edit of nothing yet, for the state that somebody saw.
pub(super) fn command(key: KeyRef, form: &Form) -> EditKey {
    let revisions = seen(form);
    EditKey { key, name: None, scopes: None, throttle: None, expires_at: None, force: false, revisions }
}

/// The state of the key that somebody saw when they decided.
pub(super) fn seen(form: &Form) -> Revisions {
    Revisions::OneOf(form.text(REVISION).parse().into_iter().collect())
}

async fn form(dialog: &Dialog<'_>, key: &Key, chosen: &[Scope], faults: &Faults) -> Result<Markup, Turned> {
    let catalogue = catalogue(dialog.visit).await?;
    let content = html! {
        p { "What " strong { (key.name) } " may do. A change takes effect at once; the secret stays as it is." }
        (faults.summary())
        input type="hidden" name=(REVISION) value=(key.revision);
        (scope_picker::show(&catalogue, dialog.partner, chosen, faults))
    };
    let submit = html! { button.primary type="submit" { "Review changes" } };
    Ok(dialog.form(&path(key), &content, &submit))
}

/// What is added and removed, to be confirmed.
fn changes(dialog: &Dialog<'_>, key: &Key, chosen: &[Scope]) -> Markup {
    let added: Vec<_> = chosen.iter().filter(|scope| !key.scopes.contains(scope)).collect();
    let removed: Vec<_> = key.scopes.iter().filter(|scope| !chosen.contains(scope)).collect();
    let list = |label: &str, sign: &str, class: &str, scopes: &[&Scope]| {
        html! {
            @if !scopes.is_empty() {
                h2 { (label) }
                ul.changes.(class) { @for scope in scopes { li { span aria-hidden="true" { (sign) " " } code { (scope) } } } }
            }
        }
    };
    let content = html! {
        input type="hidden" name=(REVISION) value=(key.revision);
        input type="hidden" name="seen" value="yes";
        @for scope in chosen { input type="hidden" name="scope" value=(scope); }
        @if added.is_empty() && removed.is_empty() {
            p { "Nothing would change for " strong { (key.name) } "." }
        } @else {
            p { "For " strong { (key.name) } ", at once:" }
        }
        (list("Added", "+", "added", &added))
        (list("Removed", "−", "removed", &removed))
    };
    let submit = html! { button.primary type="submit" autofocus { "Save scopes" } };
    dialog.form(&path(key), &content, &submit)
}

fn path(key: &Key) -> String {
    format!("/partners/{}/keys/{}/scopes", key.partner_id, key.key_id)
}
