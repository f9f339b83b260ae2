use actix_web::{HttpRequest, HttpResponse};
use serde::Serialize;
use serde_json::value::RawValue;
use utoipa::ToSchema;

use super::{doc::ReadProblems, entrance::Entrance, problem::Problem, query};
use crate::{Failure, ShownEvent};

/// What happened to a key.
#[derive(Serialize, ToSchema)]
#[schema(as = History)]
pub(super) struct HistoryBody {
    /// Its events, oldest first.
    events: Vec<EventBody>,
}

/// An event, with its place in the log.
#[derive(Serialize, ToSchema)]
#[schema(as = ShownEvent)]
pub(super) struct EventBody {
    /// Its place in the one order of all events.
    #[schema(example = 2)]
    position: u64,
    /// The public part, byte for byte as it was recorded: the schemas are in `events/schemas`.
    #[schema(value_type = Object)]
    event: Box<RawValue>,
}

impl TryFrom<ShownEvent> for EventBody {
    type Error = Failure;
    fn try_from(shown: ShownEvent) -> Result<Self, Failure> {
        let damaged = |_| Failure::Damaged(format!("the event at position {} is no JSON", shown.position));
        let event = serde_json::from_slice(&shown.public).map_err(damaged)?;
        Ok(Self { position: shown.position.get(), event })
    }
}

/// Tells a key's history
///
/// Everything that happened to it, also after it was revoked. For auditors it is there for every partner.
#[utoipa::path(
    get, path = "/v1/partners/{partnerId}/keys/{keyId}/history", tag = "history",
    params(
        ("partnerId" = String, Path, description = "The partner whose key it is"),
        ("keyId" = String, Path, description = "The key")
    ),
    responses((status = 200, description = "Its events", body = HistoryBody), ReadProblems)
)]
pub(crate) async fn key_history(http: HttpRequest) -> Result<HttpResponse, Problem> {
    let entrance = Entrance::enter(&http, "key_history")?;
    let partner_id = entrance.partner_with_history()?;
    entrance.needs(entrance.authority().may_read_history(&partner_id))?;
    let key = entrance.key_of(partner_id)?;
    query::read(&http)?.finish()?;
    let events = entrance.service().key_history(&key).await?;
    let events = events.into_iter().map(EventBody::try_from).collect::<Result<_, _>>()?;
    Ok(HttpResponse::Ok().json(HistoryBody { events }))
}
