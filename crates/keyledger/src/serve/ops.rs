//! The operations listener of `serve`: its roles, its metrics, the digests of its read models.

use std::{sync::Arc, time::Duration};

use actix_web::{HttpResponse, web};
use keyledger_kafka_relay::Relay;
use keyledger_projectors::Projector;
use keyledger_read_models::{PartnerKeysReader, ReadModelError};
use keyledger_validator::Validator;
use metrics_exporter_prometheus::PrometheusHandle;
use serde::Serialize;
use tokio::sync::watch;

use super::past::Past;
use crate::ops::{
    Role, livez, not_found, probe, projector_role, readiness, relay_role, rendered, validator_role,
};

/// What the operations listener reports on.
#[derive(Clone)]
pub(super) struct Ops {
    pub(super) projectors: Vec<Arc<Projector>>,
    pub(super) validator: Arc<Validator>,
    pub(super) lists: PartnerKeysReader,
    /// The relay; none where nothing is published.
    pub(super) relay: Option<Arc<Relay>>,
    /// What is known of the log as a whole.
    pub(super) past: watch::Receiver<Past>,
    /// For how long the validator answers without hearing from the log.
    pub(super) hard_bound: Duration,
    pub(super) metrics: PrometheusHandle,
}

impl Ops {
    /// Every role, and why one is not ready.
    fn roles(&self) -> Vec<Role> {
        let of_projectors: Vec<_> =
            self.projectors.iter().map(|projector| projector_role(projector)).collect();
        // Commands are recorded all the same, but nobody could be told who asks, or that they took effect.
        let lame = of_projectors.iter().find(|role| !role.ready);
        let lame = lame.map(|Role { role, .. }| format!("{role}, which it answers by, is not ready"));
        let command_service = Role::new("command-service", None, lame);
        let validator = validator_role(&self.validator, self.hard_bound);
        [self.log(), command_service].into_iter().chain(of_projectors).chain([validator]).collect()
    }

    /// The log takes events, or the process would have ended; that somebody changed its past is told.
    fn log(&self) -> Role {
        let alarm = match &*self.past.borrow() {
            Past::Changed(reason) => Some(format!("the log was changed: {reason}")),
            Past::Reading | Past::Sound => None,
        };
        Role { alarm, ..Role::new("log", None, None) }
    }
}

/// Registers the routes.
pub(super) fn configure(ops: Ops) -> impl Fn(&mut web::ServiceConfig) + Clone {
    move |config: &mut web::ServiceConfig| {
        config
            .app_data(web::Data::new(ops.clone()))
            .service(probe("/livez", livez))
            .service(probe("/readyz", readyz))
            .route("/metrics", web::get().to(metrics))
            .route("/projections", web::get().to(projections))
            .default_service(web::to(not_found));
    }
}

/// A relay that lags or stopped is told, and keeps nobody from being served.
async fn readyz(ops: web::Data<Ops>) -> HttpResponse {
    readiness(ops.roles(), ops.relay.iter().map(|relay| relay_role(relay)).collect())
}

/// Prometheus' text format.
async fn metrics(ops: web::Data<Ops>) -> HttpResponse {
    ops.validator.report();
    rendered(&ops.metrics)
}

/// A read model as it is at this moment.
#[derive(Serialize)]
struct Model {
    name: &'static str,
    position: u64,
    digest: String,
}

/// The digests of the running read models, to be compared with rebuilt ones. Reads all of them.
async fn projections(ops: web::Data<Ops>) -> HttpResponse {
    let work = move || -> Result<[Model; 2], ReadModelError> {
        let (index, rows) = (ops.validator.index(), ops.lists.contents()?);
        let (position, digest) = (index.position().get(), hex::encode(index.digest()));
        let lists = (rows.checkpoint.position.get(), hex::encode(rows.digest));
        Ok([
            Model { name: "key_index", position, digest },
            Model { name: "partner_keys", position: lists.0, digest: lists.1 },
        ])
    };
    match web::block(work).await {
        Ok(Ok(models)) => HttpResponse::Ok().json(serde_json::json!({ "projections": models })),
        Ok(Err(error)) => unavailable(&error.to_string()),
        Err(error) => unavailable(&error.to_string()),
    }
}

fn unavailable(why: &str) -> HttpResponse {
    HttpResponse::ServiceUnavailable().json(serde_json::json!({ "message": why }))
}
