//! What the operations listener of every process answers: is it alive, which roles are ready and why not, its metrics.

mod projector;
mod relay;
mod validator;

use actix_web::{HttpResponse, http::header, web};
use metrics_exporter_prometheus::PrometheusHandle;
use serde::Serialize;

pub(crate) use projector::projector_role;
pub(crate) use relay::relay_role;
pub(crate) use validator::validator_role;

/// The answer of `/readyz`: every role, and why one is not ready.
#[derive(Serialize)]
pub(crate) struct Readiness {
    ready: bool,
    roles: Vec<Role>,
}

/// A role, and why it is not ready.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Role {
    pub(crate) role: &'static str,
    pub(crate) ready: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) position: Option<u64>,
    /// How many events it is behind the log, and for how long it has been.
    #[serde(flatten)]
    pub(crate) lag: Option<Lag>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) reason: Option<String>,
    /// What a human must look at, though the role does its work.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) alarm: Option<String>,
}

/// How far a role is behind the log.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Lag {
    lag_events: u64,
    lag_seconds: f64,
}

impl Role {
    pub(crate) fn new(role: &'static str, position: Option<u64>, reason: Option<String>) -> Self {
        Self { role, ready: reason.is_none(), position, lag: None, reason, alarm: None }
    }
}

/// 200 where every role that the answer depends on is ready, 503 where one is not; the body names each and why.
pub(crate) fn readiness(deciding: Vec<Role>, beside: Vec<Role>) -> HttpResponse {
    let ready = deciding.iter().all(|role| role.ready);
    let mut answer = if ready { HttpResponse::Ok() } else { HttpResponse::ServiceUnavailable() };
    answer.json(Readiness { ready, roles: deciding.into_iter().chain(beside).collect() })
}

/// The process runs and answers: nothing else is asked.
pub(crate) async fn livez() -> HttpResponse {
    HttpResponse::Ok().json(serde_json::json!({ "status": "ok" }))
}

/// What there is not.
pub(crate) async fn not_found() -> HttpResponse {
    HttpResponse::NotFound().json(serde_json::json!({ "message": "Not Found" }))
}

/// Prometheus' text format.
pub(crate) fn rendered(metrics: &PrometheusHandle) -> HttpResponse {
    HttpResponse::Ok()
        .insert_header((header::CONTENT_TYPE, "text/plain; version=0.0.4"))
        .body(metrics.render())
}

/// A route that some load balancers ask by HEAD.
pub(crate) fn probe<F, Args>(path: &str, handler: F) -> actix_web::Resource
where
    F: actix_web::Handler<Args> + Clone,
    Args: actix_web::FromRequest + 'static,
    F::Output: actix_web::Responder + 'static,
{
    web::resource(path).route(web::get().to(handler.clone())).route(web::head().to(handler))
}
