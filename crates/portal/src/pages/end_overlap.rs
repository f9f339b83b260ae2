use actix_web::{HttpRequest, HttpResponse, http::StatusCode, web};
use keyledger_command_service::{CommandError, EndOverlap};
use keyledger_domain::key::Key;
use maud::{Markup, html};

use super::{
    create_key::add_faults,
    dialog::Dialog,
    edit_scopes::{REVISION, seen},
    fields::Faults,
    moment::moment,
};
use crate::web::{answer::Turned, form::Form, visit::Visit};

const TITLE: &str = "End overlap";

/// Asks whether the new secret is deployed.
pub(crate) async fn ask(http: HttpRequest) -> Result<HttpResponse, Turned> {
    let visit = Visit::enter(&http, "end_overlap").await?;
    let key_ref = visit.key()?;
    let key = visit.portal.service.show_key(&key_ref).await?;
    let dialog = Dialog { visit: &visit, partner: &key_ref.partner_id, title: TITLE };
    let form = form(&dialog, &key, &Faults::default()).await;
    Ok(dialog.show(StatusCode::OK, &form))
}

/// Ends it.
pub(crate) async fn end(http: HttpRequest, payload: web::Payload) -> Result<HttpResponse, Turned> {
    let visit = Visit::enter(&http, "end_overlap").await?;
    let key_ref = visit.key()?;
    let form = Form::of(&visit, &mut payload.into_inner()).await?;
    let dialog = Dialog { visit: &visit, partner: &key_ref.partner_id, title: TITLE };
    let command = EndOverlap { key: key_ref.clone(), revisions: seen(&form) };
    let mut faults = Faults::default();
    match visit.portal.service.end_overlap(&visit.request(form.idempotency(&http)), command).await {
        Ok(changed) => return Ok(dialog.done(&changed, "The old secret works no more.")),
        Err(CommandError::Failed(failure)) => return Err(failure.into()),
        Err(CommandError::Refused(refusal)) => add_faults(&mut faults, refusal),
    }
    let key = visit.portal.service.show_key(&key_ref).await?;
    let form = self::form(&dialog, &key, &faults).await;
    Ok(dialog.show(StatusCode::UNPROCESSABLE_ENTITY, &form))
}

async fn form(dialog: &Dialog<'_>, key: &Key, faults: &Faults) -> Markup {
    let old = key.overlapping(dialog.visit.now()).next();
    let used = match old {
        Some(old) => dialog.visit.portal.service.last_used(&[old.prefix]).await.ok(),
        None => None,
    };
    let content = html! {
        (faults.summary())
        input type="hidden" name=(REVISION) value=(key.revision);
        @match old {
            Some(old) => {
                p { "The old secret " code { (old.prefix) "…" } " of " strong { (key.name) } " would work until " (moment(old.valid_until)) ". It stops at once instead." }
                @match used.as_deref() {
                    Some([Some(at)]) => p.warning { "It was last used " (moment(*at)) ": whoever did will be refused." },
                    Some(_) => p { "Nobody has used it." },
                    None => {}
                }
            }
            None => p { "No overlap is running: only the present secret works." },
        }
    };
    let submit = html! { @if old.is_some() { button.primary type="submit" autofocus { "End overlap" } } };
    let path = format!("/partners/{}/keys/{}/end-overlap", key.partner_id, key.key_id);
    dialog.form(&path, &content, &submit)
}
