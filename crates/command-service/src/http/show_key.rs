use actix_web::{HttpRequest, HttpResponse};

use super::{
    doc::ReadProblems,
    entrance::Entrance,
    headers::etag,
    key_body::{self, KeyBody},
    problem::Problem,
    query,
};

/// Shows a key
#[utoipa::path(
    get, path = "/v1/partners/{partnerId}/keys/{keyId}", tag = "keys",
    params(
        ("partnerId" = String, Path, description = "The partner whose key it is"),
        ("keyId" = String, Path, description = "The key")
    ),
    responses(
        (status = 200, description = "The key", body = KeyBody, headers(("ETag" = String, description = "Its revision"))),
        ReadProblems
    )
)]
pub(crate) async fn show_key(http: HttpRequest) -> Result<HttpResponse, Problem> {
    let entrance = Entrance::enter(&http, "show_key")?;
    let partner_id = entrance.partner()?;
    entrance.needs(entrance.authority().may_read(&partner_id))?;
    let key = entrance.key_of(partner_id)?;
    query::read(&http)?.finish()?;
    let key = entrance.service().show_key(&key).await?;
    let revision = key.revision;
    Ok(HttpResponse::Ok().insert_header(etag(revision)).json(key_body::shown(entrance.service(), key).await))
}
