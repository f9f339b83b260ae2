use actix_web::{HttpRequest, HttpResponse, http::StatusCode, web};
use keyledger_command_service::{CommandError, EditKey, Refusal};
use keyledger_domain::{KeyName, key::Key};
use maud::{Markup, html};

use super::{
    create_key::add_faults,
    dialog::Dialog,
    edit_scopes::{REVISION, command, stale},
    fields::{Faults, TextField},
};
use crate::web::{answer::Turned, form::Form, visit::Visit};

const TITLE: &str = "Rename key";

/// Asks for the new name.
pub(crate) async fn ask(http: HttpRequest) -> Result<HttpResponse, Turned> {
    let visit = Visit::enter(&http, "rename_key").await?;
    let key_ref = visit.key()?;
    let key = visit.portal.service.show_key(&key_ref).await?;
    let dialog = Dialog { visit: &visit, partner: &key_ref.partner_id, title: TITLE };
    Ok(dialog.show(StatusCode::OK, &form(&dialog, &key, key.name.as_str(), &Faults::default())))
}

/// Renames it.
pub(crate) async fn rename(http: HttpRequest, payload: web::Payload) -> Result<HttpResponse, Turned> {
    let visit = Visit::enter(&http, "rename_key").await?;
    let key_ref = visit.key()?;
    let form = Form::of(&visit, &mut payload.into_inner()).await?;
    let dialog = Dialog { visit: &visit, partner: &key_ref.partner_id, title: TITLE };
    let (mut faults, mut typed) = (Faults::default(), form.text("name").to_owned());
    if let Some(name) = faults.read("name", KeyName::parse(&typed)) {
        let command = EditKey { name: Some(name), ..command(key_ref.clone(), &form) };
        match visit.portal.service.edit_key(&visit.request(None), command).await {
            Ok(changed) => return Ok(dialog.done(&changed, "The key is renamed.")),
            Err(CommandError::Failed(failure)) => return Err(failure.into()),
            Err(CommandError::Refused(Refusal::Stale)) => {
                faults.add("", stale());
                typed.clear();
            }
            Err(CommandError::Refused(refusal)) => add_faults(&mut faults, refusal),
        }
    }
    let key = visit.portal.service.show_key(&key_ref).await?;
    let typed = if typed.is_empty() { key.name.as_str() } else { &typed };
    Ok(dialog.show(StatusCode::UNPROCESSABLE_ENTITY, &self::form(&dialog, &key, typed, &faults)))
}

fn form(dialog: &Dialog<'_>, key: &Key, typed: &str, faults: &Faults) -> Markup {
    let name = TextField {
        name: "name",
        label: "Name",
        kind: "text",
        value: typed,
        hint: Some("For people. Older names stay in the history for ever."),
        autocomplete: "off",
        focus: true,
        required: true,
    };
    let content = html! {
        (faults.summary())
        input type="hidden" name=(REVISION) value=(key.revision);
        (name.show(faults))
    };
    let submit = html! { button.primary type="submit" { "Rename" } };
    let path = format!("/partners/{}/keys/{}/rename", key.partner_id, key.key_id);
    dialog.form(&path, &content, &submit)
}
