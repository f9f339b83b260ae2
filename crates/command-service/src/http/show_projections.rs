use std::{mem, sync::Arc};

use actix_web::{
    HttpRequest, HttpResponse,
    web::{self, Bytes},
};
use futures_util::stream;
use serde::Serialize;
use sha2::{Digest as _, Sha256};
use tokio::{sync::mpsc, task};
use utoipa::ToSchema;

use super::{doc::ReadProblems, entrance::Entrance, problem::Problem, query};
use crate::ports::{Projections, ReadModel};

/// The read models.
#[derive(Serialize, ToSchema)]
#[schema(as = Projections)]
pub(super) struct ProjectionsBody {
    /// Each of them.
    projections: Vec<ProjectionBody>,
}

/// A read model at one moment.
#[derive(Serialize, ToSchema)]
#[schema(as = Projection)]
struct ProjectionBody {
    /// What it is called.
    #[schema(example = "key_index")]
    name: &'static str,
    /// Up to which event it holds the log.
    #[schema(example = 2)]
    position: u64,
    /// SHA-256 over what `GET /v1/projections/{name}` told at that moment, in hexadecimal.
    digest: String,
}

/// Digests the read models
///
/// Whoever makes a read model anew from the log, up to the same position, comes to the same digest, or has found a difference.
/// Reads all of each. For operators.
#[utoipa::path(
    get, path = "/v1/projections", tag = "history",
    responses((status = 200, description = "The read models", body = ProjectionsBody), ReadProblems)
)]
pub(crate) async fn show_projections(http: HttpRequest) -> Result<HttpResponse, Problem> {
    let entrance = Entrance::enter(&http, "show_projections")?;
    entrance.needs(entrance.authority().may_operate())?;
    query::read(&http)?.finish()?;
    let mut projections = Vec::new();
    for model in ReadModel::ALL {
        let told = Arc::clone(&entrance.api.projections);
        let digested = web::block(move || digest(&*told, model)).await;
        projections.push(digested.unwrap_or_else(|error| Err(error.to_string())).map_err(away)?);
    }
    Ok(HttpResponse::Ok().json(ProjectionsBody { projections }))
}

fn digest(projections: &dyn Projections, model: ReadModel) -> Result<ProjectionBody, String> {
    let mut hasher = Sha256::new();
    let mut position = None;
    projections.tell(model, &mut |line| {
        position = position.or_else(|| position_in(line));
        hasher.update(line);
        hasher.update("\n");
        true
    })?;
    let position = position.ok_or("it does not say up to which event it holds the log")?;
    Ok(ProjectionBody { name: model.name(), position, digest: hex::encode(hasher.finalize()) })
}

/// The position in the first line.
fn position_in(line: &str) -> Option<u64> {
    serde_json::from_str::<serde_json::Value>(line).ok()?.get("position")?.as_u64()
}

fn away(why: String) -> Problem {
    Problem::unavailable("lists-unavailable", why)
}

/// Tells what a read model holds
///
/// At one moment, and without what recognises secrets: a line that says up to which event, then one JSON object a line, in
/// an order that the content alone decides. For operators.
#[utoipa::path(
    get, path = "/v1/projections/{name}", tag = "history",
    params(("name" = String, Path, description = "Which read model: key_index or partner_keys")),
    responses(
        (status = 200, description = "What it holds", content((serde_json::Value = "application/x-ndjson"))),
        ReadProblems
    )
)]
pub(crate) async fn read_projection(http: HttpRequest) -> Result<HttpResponse, Problem> {
    let entrance = Entrance::enter(&http, "read_projection")?;
    entrance.needs(entrance.authority().may_operate())?;
    query::read(&http)?.finish()?;
    let name = http.match_info().get("name").unwrap_or_default();
    let model =
        ReadModel::ALL.into_iter().find(|model| model.name() == name).ok_or_else(Problem::not_found)?;
    // A slow reader holds the telling up, and costs no memory beyond these.
    let (pieces, mut told) = mpsc::channel(PIECES);
    task::spawn_blocking(move || {
        let mut piece = Vec::with_capacity(PIECE);
        let ended = entrance.api.projections.tell(model, &mut |line| {
            piece.extend_from_slice(line.as_bytes());
            piece.push(b'\n');
            let stands = piece.len() < PIECE || entrance.api.gatekeeper.stands(entrance.principal.prefix);
            let full = piece.len() >= PIECE;
            stands && (!full || pieces.blocking_send(Ok(Bytes::from(mem::take(&mut piece)))).is_ok())
        });
        // Where it ends early the answer breaks off: whoever reads it must not take it for whole.
        let last = ended.map(|()| Bytes::from(piece)).map_err(|why| {
            tracing::error!(model = model.name(), %why, "a read model was not told to the end");
            away(why)
        });
        let _ = pieces.blocking_send(last);
    });
    let stream = stream::poll_fn(move |context| told.poll_recv(context));
    Ok(HttpResponse::Ok().content_type("application/x-ndjson").streaming(stream))
}

/// How many bytes are handed on together, nearly.
const PIECE: usize = 64 * 1024;

/// How many pieces wait for a slow reader.
const PIECES: usize = 4;
