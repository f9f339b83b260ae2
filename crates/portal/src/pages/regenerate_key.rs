use actix_web::{HttpRequest, HttpResponse, http::StatusCode, web};
use keyledger_command_service::{CommandError, KeyRef, RegenerateKey};
use keyledger_domain::key::{Key, Overlap, Replace};
use maud::{Markup, html};

use super::{
    create_key::add_faults,
    dialog::Dialog,
    edit_scopes::{REVISION, seen},
    fields::Faults,
    moment::moment,
    reveal,
};
use crate::web::{answer::Turned, form::Form, visit::Visit};

const TITLE: &str = "Regenerate key";

/// The overlaps that are offered, in seconds; the third is the default.
const OVERLAPS: [(u32, &str); 5] = [
    (0, "None: the old secret stops at once"),
    (3_600, "1 hour"),
    (86_400, "24 hours"),
    (3 * 86_400, "3 days"),
    (7 * 86_400, "7 days"),
];

/// Asks how long the old secret is to go on.
pub(crate) async fn ask(http: HttpRequest) -> Result<HttpResponse, Turned> {
    let visit = Visit::enter(&http, "regenerate_key").await?;
    let key_ref = visit.key()?;
    let key = visit.portal.service.show_key(&key_ref).await?;
    let dialog = Dialog { visit: &visit, partner: &key_ref.partner_id, title: TITLE };
    Ok(dialog.show(StatusCode::OK, &form(&dialog, &key, &Faults::default())))
}

/// Makes a new secret, and shows it.
pub(crate) async fn regenerate(http: HttpRequest, payload: web::Payload) -> Result<HttpResponse, Turned> {
    let visit = Visit::enter(&http, "regenerate_key").await?;
    let key_ref = visit.key()?;
    let form = Form::of(&visit, &mut payload.into_inner()).await?;
    let dialog = Dialog { visit: &visit, partner: &key_ref.partner_id, title: "Your new secret" };
    let mut faults = Faults::default();
    if let Some(command) = read(&form, &key_ref, &mut faults) {
        let request = visit.request(form.idempotency(&http));
        match visit.portal.service.regenerate_key(&request, command).await {
            Ok(minted) => return Ok(reveal::show(&dialog, &minted, &what_now(&visit, &minted.changed.key))),
            Err(CommandError::Failed(failure)) => return Err(failure.into()),
            Err(CommandError::Refused(refusal)) => add_faults(&mut faults, refusal),
        }
    }
    let key = visit.portal.service.show_key(&key_ref).await?;
    let again = Dialog { title: TITLE, ..dialog };
    Ok(again.show(StatusCode::UNPROCESSABLE_ENTITY, &self::form(&again, &key, &faults)))
}

fn read(form: &Form, key: &KeyRef, faults: &mut Faults) -> Option<RegenerateKey> {
    let seconds = form.text("overlap").parse().unwrap_or(u32::MAX);
    let overlap = faults.read("overlap", Overlap::seconds(seconds))?;
    let replace = match form.text("replace") {
        "oldest" => Some(Replace::Oldest),
        "newest" => Some(Replace::Newest),
        _ => None,
    };
    Some(RegenerateKey { key: key.clone(), overlap: Some(overlap), replace, revisions: seen(form) })
}

/// What happens to the old secret.
fn what_now(visit: &Visit, key: &Key) -> Markup {
    match key.overlapping(visit.now()).next() {
        Some(old) => html! {
            p { "The old secret " code { (old.prefix) "…" } " works until " (moment(old.valid_until)) ". Deploy the new one before that; then end the overlap." }
        },
        None => html! { p { "The old secret works no more." } },
    }
}

fn form(dialog: &Dialog<'_>, key: &Key, faults: &Faults) -> Markup {
    let overlapping = key.overlapping(dialog.visit.now()).next();
    let content = html! {
        p { strong { (key.name) } " gets a new secret, which is shown once. Its scopes and everything else stay as they are." }
        (faults.summary())
        input type="hidden" name=(REVISION) value=(key.revision);
        @if let Some(old) = overlapping {
            fieldset {
                legend { "Two secrets work now. Which one is to be given up?" }
                label.check {
                    input type="radio" name="replace" value="oldest" checked;
                    span { "The old one, " code { (old.prefix) "…" } " " span.note { "It stops at once. The present one, " (key.prefix) "…, goes on for the overlap." } }
                }
                label.check {
                    input type="radio" name="replace" value="newest";
                    span { "The present one, " code { (key.prefix) "…" } " " span.note { "For when it was never deployed, because it got lost. It stops at once; the old one keeps its time." } }
                }
            }
        }
        fieldset {
            legend { "How long is the old secret to go on working?" }
            p.hint {
                "Long enough to deploy the new one everywhere. You can end it earlier."
                @if overlapping.is_some() { " It counts where the old one is given up; otherwise that keeps its time." }
            }
            @for (seconds, label) in OVERLAPS {
                label.check {
                    input type="radio" name="overlap" value=(seconds) checked[seconds == 86_400];
                    span { (label) }
                }
            }
            (faults.beside("overlap"))
        }
    };
    let submit = html! { button.primary type="submit" { "Regenerate key" } };
    let path = format!("/partners/{}/keys/{}/regenerate", key.partner_id, key.key_id);
    dialog.form(&path, &content, &submit)
}
