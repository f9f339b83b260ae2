use actix_web::{HttpRequest, HttpResponse};
use keyledger_domain::key::Status;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::{
    at::{AT, moment, scopes_then},
    doc::ReadProblems,
    entrance::Entrance,
    fields::Faults,
    key_body::{KeyBody, StatusBody},
    problem::Problem,
    query,
    read_values::text,
};
use crate::ports::ListKeys;

/// A page of keys.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = KeyPage)]
pub(super) struct KeyPageBody {
    /// The keys, newest first.
    keys: Vec<KeyBody>,
    /// Where the next page begins; null on the last one.
    #[schema(required)]
    next_cursor: Option<String>,
}

/// Lists a partner's keys
///
/// Newest first, revoked ones too. With `at`, as they were then: a page then lacks the keys that were not there yet, or were
/// not what `status` asks for, and may be short or empty before the last one.
#[utoipa::path(
    get, path = "/v1/partners/{partnerId}/keys", tag = "keys",
    params(
        ("partnerId" = String, Path, description = "The partner whose keys they are"),
        ("status" = Option<StatusBody>, Query, description = "Only keys that are this now, or were it then"),
        ("at" = Option<String>, Query, description = AT, example = "2026-03-01T12:00:00Z"),
        ("limit" = Option<u64>, Query, description = "At most so many; by default 50", minimum = 1, maximum = 200),
        ("cursor" = Option<String>, Query, description = "The nextCursor of the page before")
    ),
    responses((status = 200, description = "A page of keys", body = KeyPageBody), ReadProblems)
)]
pub(crate) async fn list_keys(http: HttpRequest) -> Result<HttpResponse, Problem> {
    let entrance = Entrance::enter(&http, "list_keys")?;
    let partner = entrance.partner()?;
    entrance.needs(entrance.authority().may_read(&partner))?;
    let mut parameters = query::read(&http)?;
    let status = parameters.optional("status", status);
    let limit = parameters.optional("limit", query::number(1, 200)).unwrap_or(50);
    let cursor = parameters.optional("cursor", text(|cursor| Ok::<_, &str>(cursor.to_owned())));
    let moment = parameters.optional("at", moment);
    parameters.finish()?;
    let service = entrance.service();
    let now = service.now();
    let limit = usize::try_from(limit).unwrap_or(1);
    let page = ListKeys { partner: &partner, status, search: None, now, limit, cursor: cursor.as_deref() };
    let (page, time, catalogue) = match moment {
        None => (service.list_keys(page).await?, now, service.scopes().await.ok()),
        Some(moment) => {
            let then = service.then(moment).await?;
            let page = service.list_keys_then(page, then).await?;
            (page, then.time, scopes_then(service, then).await)
        }
    };
    let keys = page.keys.into_iter().map(|key| KeyBody::of(key, time, catalogue.as_ref())).collect();
    Ok(HttpResponse::Ok().json(KeyPageBody { keys, next_cursor: page.next_cursor }))
}

fn status(value: &Value, field: &str, faults: &mut Faults) -> Option<Status> {
    match value.as_str() {
        Some("ACTIVE") => Some(Status::Active),
        Some("REVOKED") => Some(Status::Revoked),
        Some("EXPIRED") => Some(Status::Expired),
        _ => {
            faults.push(field, "must be ACTIVE, REVOKED or EXPIRED");
            None
        }
    }
}
