use actix_web::{HttpRequest, HttpResponse};

use crate::{
    people::Standing,
    web::{
        answer::{self, Turned},
        visit::Visit,
    },
};

/// Leads everybody to what is theirs.
pub(crate) async fn home(http: HttpRequest) -> Result<HttpResponse, Turned> {
    let visit = Visit::enter(&http, "home").await?;
    let path = match &visit.person.standing {
        Standing::Operator => "/partners".to_owned(),
        Standing::Admin { partner_id } | Standing::Member { partner_id } => developer(partner_id),
    };
    Ok(answer::to(&http, &path))
}

/// The path of the page of a partner's keys.
pub(super) fn developer(partner: &keyledger_domain::PartnerId) -> String {
    format!("/partners/{partner}/developer")
}
