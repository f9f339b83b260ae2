use actix_web::{HttpRequest, HttpResponse};

use super::{
    at::{AT, moment, scopes_then},
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
        ("keyId" = String, Path, description = "The key"),
        ("at" = Option<String>, Query, description = AT, example = "2026-03-01T12:00:00Z")
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
    let mut parameters = query::read(&http)?;
    let moment = parameters.optional("at", moment);
    parameters.finish()?;
    let service = entrance.service();
    let shown = match moment {
        None => key_body::shown(service, service.show_key(&key).await?).await,
        Some(moment) => {
            let then = service.then(moment).await?;
            let key = service.show_key_then(&key, then).await?;
            KeyBody::of(key, then.time, scopes_then(service, then).await.as_ref())
        }
    };
    Ok(HttpResponse::Ok().insert_header(etag(shown.revision())).json(shown))
}
