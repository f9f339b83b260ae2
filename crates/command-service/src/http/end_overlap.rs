use actix_web::{HttpRequest, HttpResponse, web};

use super::{
    command::{Sent, to_its_end},
    doc::{CommandProblems, StaleProblem},
    entrance::Entrance,
    key_body::{self, KeyBody},
    problem::Problem,
};
use crate::EndOverlap;

/// Ends a key's overlap
///
/// Every superseded secret dies at once, whatever the clock says. Nothing is recorded where no overlap runs.
#[utoipa::path(
    post, path = "/v1/partners/{partnerId}/keys/{keyId}/end-overlap", tag = "keys",
    params(
        ("partnerId" = String, Path, description = "The partner whose key it is"),
        ("keyId" = String, Path, description = "The key"),
        ("Idempotency-Key" = Option<String>, Header, description = "1 to 255 printable ASCII characters"),
        ("If-Match" = Option<String>, Header, description = "The revision that this is meant for, as an entity tag")
    ),
    responses(
        (status = 200, description = "The key", body = KeyBody, headers(("ETag" = String, description = "Its revision"))),
        CommandProblems,
        StaleProblem
    )
)]
pub(crate) async fn end_overlap(http: HttpRequest, payload: web::Payload) -> Result<HttpResponse, Problem> {
    let entrance = Entrance::enter(&http, "end_overlap")?;
    let partner_id = entrance.partner()?;
    entrance.needs(entrance.authority().may_write(&partner_id))?;
    let key = entrance.key_of(partner_id)?;
    let Sent { fields, request, revisions } = entrance.command(payload).await?;
    fields.finish()?;
    let service = entrance.service().clone();
    let changed = to_its_end({
        let service = service.clone();
        async move { service.end_overlap(&request, EndOverlap { key, revisions }).await }
    });
    key_body::changed(&service, changed.await??).await
}
