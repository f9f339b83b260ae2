//! The transparency log: files that a signer keeps, passed on as C2SP `tlog-tiles` wants them. Hashes and checkpoints are for
//! everybody, since they tell nothing; the entries are the events.

use actix_web::{
    HttpMessage, HttpRequest, HttpResponse,
    http::header::{CACHE_CONTROL, CONTENT_TYPE},
    web,
};

use super::{
    Api,
    doc::{PublicProblems, ReadProblems},
    entrance::Entrance,
    finish::Operation,
    problem::Problem,
};

const TEXT: &str = "text/plain; charset=utf-8";
const BYTES: &str = "application/octet-stream";
/// A checkpoint is as good as it is new, and one that is a second old does no harm.
const SOON: &str = "public, max-age=1";
/// What a checkpoint covers never changes.
const FOR_EVER: &str = "public, max-age=31536000, immutable";

/// Shows the newest checkpoint
///
/// A signed note (C2SP tlog-checkpoint). Needs no key.
#[utoipa::path(
    get, path = "/v1/transparency/checkpoint", tag = "transparency", security(()),
    responses((status = 200, description = "The checkpoint", content_type = "text/plain", headers(
        ("Cache-Control" = String, description = "`public, max-age=1`")
    )), PublicProblems)
)]
pub(crate) async fn show_checkpoint(http: HttpRequest, api: web::Data<Api>) -> Result<HttpResponse, Problem> {
    http.extensions_mut().insert(Operation("show_checkpoint"));
    answer(api.transparency.checkpoint().await, TEXT, Some(SOON))
}

/// Shows by which key checkpoints are recognised
///
/// As signed notes write it. Get it once by another way than this. Needs no key.
#[utoipa::path(
    get, path = "/v1/transparency/verifier-key", tag = "transparency", security(()),
    responses((status = 200, description = "The key: name, hash and Ed25519 key", content_type = "text/plain", headers(
        ("Cache-Control" = String, description = "`public, max-age=1`")
    )), PublicProblems)
)]
pub(crate) async fn show_verifier_key(
    http: HttpRequest,
    api: web::Data<Api>,
) -> Result<HttpResponse, Problem> {
    http.extensions_mut().insert(Operation("show_verifier_key"));
    answer(api.transparency.verifier_key().await, TEXT, Some(SOON))
}

/// Shows a tile of hashes
///
/// As far as the newest checkpoint covers it (C2SP tlog-tiles). Needs no key.
#[utoipa::path(
    get, path = "/v1/transparency/tile/{level}/{tile}", tag = "transparency", security(()),
    params(
        ("level" = u8, Path, description = "The level of the tree, in tiles; 0 holds the hashes of leaves"),
        ("tile" = String, Path, example = "000.p/2", description = "Which tile, three digits a segment; `.p/` and the width behind one that is not full"),
    ),
    responses((status = 200, description = "The hashes, 32 bytes each", content_type = "application/octet-stream", headers(
        ("Cache-Control" = String, description = "`public, max-age=31536000, immutable`")
    )), PublicProblems)
)]
pub(crate) async fn show_hash_tile(http: HttpRequest, api: web::Data<Api>) -> Result<HttpResponse, Problem> {
    http.extensions_mut().insert(Operation("show_hash_tile"));
    let matched = |name| http.match_info().get(name).unwrap_or_default();
    let level = matched("level");
    // Entries have a way of their own, which asks who comes.
    if !level.bytes().all(|letter| letter.is_ascii_digit()) {
        return Err(Problem::not_found());
    }
    let path = format!("tile/{level}/{}", matched("tile"));
    answer(api.transparency.tile(&path).await, BYTES, Some(FOR_EVER))
}

/// Shows a tile of entries
///
/// Entries are the public parts of events, each behind its length (C2SP tlog-tiles). For auditors and operators.
#[utoipa::path(
    get, path = "/v1/transparency/tile/entries/{tile}", tag = "transparency",
    params(("tile" = String, Path, example = "000.p/2", description = "Which tile, three digits a segment; `.p/` and the width behind one that is not full")),
    responses((status = 200, description = "The entries", content_type = "application/octet-stream"), ReadProblems)
)]
pub(crate) async fn show_entries(http: HttpRequest, api: web::Data<Api>) -> Result<HttpResponse, Problem> {
    let entrance = Entrance::enter(&http, "show_entries")?;
    entrance.needs(entrance.authority().may_read_events())?;
    let path = format!("tile/entries/{}", http.match_info().get("tile").unwrap_or_default());
    answer(api.transparency.tile(&path).await, BYTES, None)
}

/// Another method on what needs no key, which needs no key to be refused, either.
pub(crate) async fn only_shown() -> Result<HttpResponse, Problem> {
    Err(Problem::method_not_allowed("GET, HEAD"))
}

fn answer(
    found: Result<Option<Vec<u8>>, String>,
    kind: &'static str,
    cache: Option<&'static str>,
) -> Result<HttpResponse, Problem> {
    let found = found.map_err(|why| {
        tracing::error!(why, "the transparency log cannot be read");
        Problem::unavailable("transparency-unavailable", "the transparency log cannot be read now. Try again")
    })?;
    let mut response = HttpResponse::Ok();
    response.insert_header((CONTENT_TYPE, kind));
    if let Some(cache) = cache {
        response.insert_header((CACHE_CONTROL, cache));
    }
    Ok(response.body(found.ok_or_else(Problem::not_found)?))
}
