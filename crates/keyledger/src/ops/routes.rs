use std::sync::Arc;

use actix_web::{Handler, HttpResponse, Resource, Responder, http::header, web};
use async_trait::async_trait;
use metrics_exporter_prometheus::PrometheusHandle;
use serde::Serialize;

use super::Role;

/// What the operations listener of a process reports on.
#[async_trait(?Send)]
pub(crate) trait Reports: Send + Sync + 'static {
    /// Every role, and why one is not ready.
    async fn roles(&self) -> Roles;

    /// Brings metrics up to date that nobody moves in between.
    fn measure(&self) {}
}

/// The roles of a process.
pub(crate) struct Roles {
    /// Those that the process is ready by.
    pub(crate) deciding: Vec<Role>,
    /// Those that lag or stopped without keeping anybody from being served.
    pub(crate) beside: Vec<Role>,
}

/// The answer of `/readyz`.
#[derive(Serialize)]
struct Readiness {
    ready: bool,
    roles: Vec<Role>,
}

struct Ops {
    reports: Arc<dyn Reports>,
    metrics: PrometheusHandle,
}

/// Registers the routes.
pub(crate) fn configure(
    reports: Arc<dyn Reports>,
    metrics: PrometheusHandle,
) -> impl Fn(&mut web::ServiceConfig) + Clone {
    let ops = web::Data::new(Ops { reports, metrics });
    move |config: &mut web::ServiceConfig| {
        config
            .app_data(ops.clone())
            .service(probe("/livez", livez))
            .service(probe("/readyz", readyz))
            .route("/metrics", web::get().to(metrics_text))
            .default_service(web::to(not_found));
    }
}

/// A route that some load balancers ask by HEAD.
fn probe<F, Args>(path: &str, handler: F) -> Resource
where
    F: Handler<Args> + Clone,
    Args: actix_web::FromRequest + 'static,
    F::Output: Responder + 'static,
{
    web::resource(path).route(web::get().to(handler.clone())).route(web::head().to(handler))
}

/// The process runs and answers: nothing else is asked.
async fn livez() -> HttpResponse {
    HttpResponse::Ok().json(serde_json::json!({ "status": "ok" }))
}

/// 200 where every role that the answer depends on is ready, 503 where one is not; the body names each and why.
async fn readyz(ops: web::Data<Ops>) -> HttpResponse {
    let Roles { deciding, beside } = ops.reports.roles().await;
    let ready = deciding.iter().all(|role| role.ready);
    let mut answer = if ready { HttpResponse::Ok() } else { HttpResponse::ServiceUnavailable() };
    answer.json(Readiness { ready, roles: deciding.into_iter().chain(beside).collect() })
}

/// Prometheus' text format.
async fn metrics_text(ops: web::Data<Ops>) -> HttpResponse {
    ops.reports.measure();
    HttpResponse::Ok()
        .insert_header((header::CONTENT_TYPE, "text/plain; version=0.0.4"))
        .body(ops.metrics.render())
}

/// What there is not.
async fn not_found() -> HttpResponse {
    HttpResponse::NotFound().json(serde_json::json!({ "message": "Not Found" }))
}
