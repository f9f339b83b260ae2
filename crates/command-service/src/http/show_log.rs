use actix_web::{HttpRequest, HttpResponse};
use keyledger_event_log::PositionOrder;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::{doc::ReadProblems, entrance::Entrance, problem::Problem, query};

/// The log that the registry keeps.
#[derive(Serialize, ToSchema)]
#[schema(as = Log)]
pub(super) struct LogBody {
    /// Its id, which every event names.
    #[schema(value_type = String, format = "uuid")]
    log: Uuid,
    /// Its life since the last restore: 1 at first.
    #[schema(example = 1)]
    epoch: u32,
    /// The position of its last event.
    #[schema(example = 2)]
    position: u64,
    /// Whether its positions have no gaps.
    dense: bool,
}

/// Tells which log this is
///
/// For auditors and operators.
#[utoipa::path(
    get, path = "/v1/log", tag = "history",
    responses((status = 200, description = "The log", body = LogBody), ReadProblems)
)]
pub(crate) async fn show_log(http: HttpRequest) -> Result<HttpResponse, Problem> {
    let entrance = Entrance::enter(&http, "show_log")?;
    entrance.needs(entrance.authority().may_read_events())?;
    query::read(&http)?.finish()?;
    let log = entrance.service().log();
    let (identity, dense) = (log.identity(), log.order() == PositionOrder::Dense);
    let position = entrance.service().head().await.get();
    Ok(HttpResponse::Ok().json(LogBody { log: identity.log, epoch: identity.epoch, position, dense }))
}
