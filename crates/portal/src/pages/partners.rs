use actix_web::{HttpRequest, HttpResponse, http::header, web};
use keyledger_domain::PartnerId;
use keyledger_secret::holds_any_secret;
use maud::{Markup, html};
use serde::Deserialize;

use super::{
    fields::{Faults, TextField},
    home,
    layout::{self, Place},
};
use crate::web::{
    answer::{self, Turned},
    visit::Visit,
};

/// How many partners are shown together.
const PAGE: usize = 100;

/// Where the list begins, and where somebody wants to go.
#[derive(Deserialize)]
pub(crate) struct Wanted {
    after: Option<String>,
    partner: Option<String>,
}

/// Every partner that has or had a key, for operators.
pub(crate) async fn show(http: HttpRequest, wanted: web::Query<Wanted>) -> Result<HttpResponse, Turned> {
    let visit = Visit::enter(&http, "partners").await?;
    if !visit.is_operator() {
        return Err(Turned::NotFound);
    }
    let mut faults = Faults::default();
    let typed = wanted.partner.as_deref().unwrap_or_default();
    if holds_any_secret(typed) {
        return Err(Turned::HoldsSecret);
    }
    if !typed.is_empty()
        && let Some(partner) = faults.read("partner", PartnerId::parse(typed))
    {
        let path = home::developer(&partner);
        return Ok(HttpResponse::SeeOther().insert_header((header::LOCATION, path)).finish());
    }
    let after = wanted.after.as_deref().and_then(|after| PartnerId::parse(after).ok());
    let partners = visit.portal.service.list_partners(after.as_ref(), PAGE).await?;
    Ok(answer::page(page(&visit, &partners, typed, &faults)))
}

fn page(visit: &Visit, partners: &[PartnerId], typed: &str, faults: &Faults) -> Markup {
    let field = TextField {
        name: "partner",
        label: "Partner",
        kind: "text",
        value: typed,
        hint: Some("Also one that has no key yet."),
        autocomplete: "off",
        focus: false,
        required: true,
    };
    let content = html! {
        h1 { "Partners" }
        p.lead { "Everybody who has, or had, a key." }
        form.filters method="get" action="/partners" {
            (field.show(faults))
            button type="submit" { "Open" }
        }
        ul.partners { @for partner in partners { li { a href=(home::developer(partner)) { (partner) } } } }
        @if let Some(last) = partners.last().filter(|_| partners.len() == PAGE) {
            p { a.button href=(format!("/partners?after={last}")) { "Next" } }
        }
    };
    layout::page(visit, Some(Place::Partners), None, "Partners", &content)
}
