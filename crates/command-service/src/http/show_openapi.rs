use actix_web::{HttpMessage, HttpRequest, HttpResponse};

use super::{doc::openapi, finish::Operation, problem::Problem};

/// Describes this API
///
/// Needs no key.
#[utoipa::path(
    get, path = "/openapi.json", tag = "about", security(()),
    responses((status = 200, description = "This description", content_type = "application/json", headers(
        ("Cache-Control" = String, description = "`no-cache`")
    )))
)]
pub(crate) async fn show_openapi(http: HttpRequest) -> Result<HttpResponse, Problem> {
    http.extensions_mut().insert(Operation("show_openapi"));
    Ok(HttpResponse::Ok()
        .insert_header(("Cache-Control", "no-cache"))
        .content_type("application/json")
        .body(openapi()))
}

/// Another method on the description, which needs no key to be refused, either.
pub(crate) async fn only_described() -> Result<HttpResponse, Problem> {
    Err(Problem::method_not_allowed("GET, HEAD"))
}
