//! The operations listener: is the process alive, which roles are ready and why not, and its metrics.

use std::{sync::Arc, time::Duration};

use actix_web::{HttpResponse, http::header, web};
use keyledger_projectors::{Projector, State};
use keyledger_read_models::{PartnerKeysReader, ReadModelError};
use keyledger_validator::Validator;
use metrics_exporter_prometheus::PrometheusHandle;
use serde::Serialize;
use tokio::sync::watch;

use super::past::Past;

/// What the operations listener reports on.
#[derive(Clone)]
pub(super) struct Ops {
    pub(super) projectors: Vec<Arc<Projector>>,
    pub(super) validator: Arc<Validator>,
    pub(super) lists: PartnerKeysReader,
    /// What is known of the log as a whole.
    pub(super) past: watch::Receiver<Past>,
    /// For how long the validator answers without hearing from the log.
    pub(super) hard_bound: Duration,
    pub(super) metrics: PrometheusHandle,
}

/// The answer of `/readyz`: every role, and why one is not ready.
#[derive(Serialize)]
struct Readiness {
    ready: bool,
    roles: Vec<Role>,
}

#[derive(Serialize)]
struct Role {
    role: &'static str,
    ready: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    position: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    /// What a human must look at, though the role does its work.
    #[serde(skip_serializing_if = "Option::is_none")]
    alarm: Option<String>,
}

impl Role {
    fn new(role: &'static str, position: Option<u64>, reason: Option<String>) -> Self {
        Self { role, ready: reason.is_none(), position, reason, alarm: None }
    }
}

impl Ops {
    /// Every role, and why one is not ready.
    fn roles(&self) -> Vec<Role> {
        let progress: Vec<_> =
            self.projectors.iter().map(|projector| (projector.name(), projector.progress())).collect();
        // Commands are recorded all the same, but nobody could be told who asks, or that they took effect.
        let lame = progress.iter().find(|(_, progress)| trouble(&progress.state).is_some());
        let lame = lame.map(|(name, _)| format!("{name}, which it answers by, is not ready"));
        let command_service = Role::new("command-service", None, lame);
        let of_projectors = progress
            .iter()
            .map(|(name, progress)| Role::new(name, Some(progress.position.get()), trouble(&progress.state)));
        let validator =
            Role::new("validator", Some(self.validator.index().position().get()), self.validator_trouble());
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

    fn validator_trouble(&self) -> Option<String> {
        let index = self.validator.index();
        let missing = index.missing_peppers();
        if !missing.is_empty() {
            let ids: Vec<_> = missing.iter().map(ToString::to_string).collect();
            return Some(format!(
                "the keyring lacks pepper {}, with which live secrets were made: put the whole keyring back",
                ids.join(", ")
            ));
        }
        match index.silence() {
            None => Some("the key index is still being loaded from the log".to_owned()),
            Some(silence) if silence > self.hard_bound => Some(format!(
                "the log was last heard {} s ago, which is too long to answer for keys",
                silence.as_secs()
            )),
            Some(_) => None,
        }
    }
}

fn trouble(state: &State) -> Option<String> {
    match state {
        State::Live => None,
        State::CatchingUp => Some("it is catching up with the log".to_owned()),
        State::CutOff(why) => Some(format!("it is cut off: {why}")),
        State::Stopped(why) => Some(format!("it stopped: {why}")),
        State::Ended => Some("it has ended".to_owned()),
    }
}

/// Registers the routes.
pub(super) fn configure(ops: Ops) -> impl Fn(&mut web::ServiceConfig) + Clone {
    move |config: &mut web::ServiceConfig| {
        config
            .app_data(web::Data::new(ops.clone()))
            // Some load balancers ask by HEAD.
            .service(web::resource("/livez").route(web::get().to(livez)).route(web::head().to(livez)))
            .service(web::resource("/readyz").route(web::get().to(readyz)).route(web::head().to(readyz)))
            .route("/metrics", web::get().to(metrics))
            .route("/projections", web::get().to(projections))
            .default_service(web::to(not_found));
    }
}

async fn not_found() -> HttpResponse {
    HttpResponse::NotFound().json(serde_json::json!({ "message": "Not Found" }))
}

/// The process runs and answers: nothing else is asked.
async fn livez() -> HttpResponse {
    HttpResponse::Ok().json(serde_json::json!({ "status": "ok" }))
}

/// 200 where every role is ready, 503 where one is not; the body names each and why.
async fn readyz(ops: web::Data<Ops>) -> HttpResponse {
    let roles = ops.roles();
    let ready = roles.iter().all(|role| role.ready);
    let mut answer = if ready { HttpResponse::Ok() } else { HttpResponse::ServiceUnavailable() };
    answer.json(Readiness { ready, roles })
}

/// Prometheus' text format.
async fn metrics(ops: web::Data<Ops>) -> HttpResponse {
    ops.validator.report();
    HttpResponse::Ok()
        .insert_header((header::CONTENT_TYPE, "text/plain; version=0.0.4"))
        .body(ops.metrics.render())
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
