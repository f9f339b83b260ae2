use actix_web::{HttpResponse, http::StatusCode};
use keyledger_command_service::Changed;
use keyledger_domain::PartnerId;
use maud::{Markup, html};

use super::{home, layout};
use crate::web::{answer, form::ONCE, visit::Visit};

/// What is said where a change is durable, and the validator has not answered yet that it follows it.
pub(super) const NOT_YET: &str = "It is recorded, and not in force everywhere yet. Look again in a moment.";

/// A question about keys: in a dialog over the list, or, where no script runs, on a page of its own.
pub(super) struct Dialog<'a> {
    pub(super) visit: &'a Visit,
    pub(super) partner: &'a PartnerId,
    pub(super) title: &'a str,
}

impl Dialog<'_> {
    /// The dialog with something in it.
    pub(super) fn show(&self, status: StatusCode, content: &Markup) -> HttpResponse {
        let inside = html! {
            h1 id="dialog-title" { (self.title) }
            (content)
        };
        if self.visit.is_partial() {
            // A form to fill in again is no failure of the page that asked, and no error in its console.
            return answer::page(inside);
        }
        let page = html! { div.card { (inside) } };
        answer::html(status, layout::page(self.visit, None, Some(self.partner), self.title, &page))
    }

    /// A form that is posted to where the dialog came from.
    pub(super) fn form(&self, action: &str, content: &Markup, submit: &Markup) -> Markup {
        html! {
            form method="post" action=(action) hx-post=(action) hx-target="#dialog" hx-disabled-elt="find button[type=submit]" {
                (layout::token(self.visit))
                input type="hidden" name=(ONCE) value=(hex::encode(self.visit.portal.random::<16>()));
                div.asked { (content) }
                div.buttons {
                    a.button data-close="" href=(home::developer(self.partner)) { "Cancel" }
                    (submit)
                }
            }
        }
    }

    /// What was asked for is done: the dialog closes, and the list shows it.
    pub(super) fn done(&self, changed: &Changed, said: &str) -> HttpResponse {
        let said = if changed.applied { said } else { NOT_YET };
        if self.visit.is_partial() {
            let events = serde_json::json!({ "keys-changed": {}, "close-dialog": { "said": said } });
            return HttpResponse::Ok()
                .insert_header(("HX-Trigger", events.to_string()))
                .insert_header(("HX-Reswap", "none"))
                .finish();
        }
        answer::to(&self.visit.http, &home::developer(self.partner))
    }
}
