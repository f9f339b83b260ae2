use actix_web::{HttpResponse, http::StatusCode};
use keyledger_command_service::Minted;
use maud::{Markup, html};

use super::{dialog::Dialog, home};

/// Shows a secret, once: it is in the answer to the form that made it, and nowhere else. A form that is sent again, as by
/// reloading, is known as the same request and gets none.
pub(super) fn show(dialog: &Dialog<'_>, minted: &Minted, more: &Markup) -> HttpResponse {
    let Minted { changed, secret, .. } = minted;
    let list = home::developer(dialog.partner);
    let content = html! {
        @match secret {
            Some(secret) => {
                p { "This is the key " strong { (changed.key.name) } ". Copy it now: " strong { "it is shown once, and stored nowhere." } }
                div.secret {
                    code id="secret" tabindex="0" { (secret.expose()) }
                    button.primary type="button" data-copy="secret" autofocus { "Copy" }
                }
                p.warning { "Keep it in a secret store, not in code, mail or chat. Whoever has it can act for " (changed.key.partner_id) "." }
            }
            None => {
                p { "The key " strong { (changed.key.name) } " was made by this form before, and its secret was shown then. It cannot be shown again." }
                p { "If it was not kept, regenerate the key: that makes a new secret." }
            }
        }
        @if !changed.applied {
            p.warning { "The key is recorded, and not known everywhere yet. It will work in a moment." }
        }
        (more)
        div.buttons { a.button data-close="" href=(list) { @if secret.is_some() { "I have copied it" } @else { "Close" } } }
    };
    dialog.show(StatusCode::OK, &content)
}
