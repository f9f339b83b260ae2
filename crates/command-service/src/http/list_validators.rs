use actix_web::{HttpRequest, HttpResponse};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::{doc::ReadProblems, entrance::Entrance, problem::Problem};

/// The validators in processes of their own.
#[derive(Serialize, ToSchema)]
#[schema(as = Validators)]
pub(super) struct ValidatorsBody {
    /// Those that reported lately, the most recent report first.
    validators: Vec<ValidatorBody>,
}

/// A validator in a process of its own.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Validator)]
struct ValidatorBody {
    /// What people call it.
    #[schema(example = "edge-1")]
    name: String,
    /// Its process: another one with each start.
    #[schema(value_type = String, format = "uuid")]
    run: Uuid,
    /// Up to where it has applied the log.
    #[schema(example = 2)]
    position: u64,
    /// How far that is behind the head of the log, in positions.
    #[schema(example = 0)]
    lag: u64,
    /// How long ago it last reported, in milliseconds.
    #[schema(example = 120)]
    silent_for_ms: u64,
    /// Whether it may still let keys through. One that has ended, or was silent for longer than it answers without hearing
    /// from the log, does not.
    counts: bool,
}

/// Lists the validators
///
/// Those in processes of their own that reported to this command service lately. For operators.
#[utoipa::path(
    get, path = "/v1/validators", tag = "validators",
    responses((status = 200, description = "The validators", body = ValidatorsBody), ReadProblems)
)]
pub(crate) async fn list_validators(http: HttpRequest) -> Result<HttpResponse, Problem> {
    let entrance = Entrance::enter(&http, "list_validators")?;
    entrance.needs(entrance.authority().may_operate())?;
    let service = entrance.service();
    let head = service.head().await;
    let known = service.parts().validators.known().into_iter();
    let shown = known.map(|known| ValidatorBody {
        name: known.name,
        run: known.run,
        position: known.position.get(),
        lag: head.since(known.position),
        silent_for_ms: u64::try_from(known.silent_for.as_millis()).unwrap_or(u64::MAX),
        counts: known.counts,
    });
    Ok(HttpResponse::Ok().json(ValidatorsBody { validators: shown.collect() }))
}
