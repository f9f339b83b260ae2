//! The operations listener of `serve`: its roles, its metrics, the digests of its read models.

use std::{sync::Arc, time::Duration};

use actix_web::{HttpResponse, web};
use async_trait::async_trait;
use keyledger_kafka_relay::Relay;
use keyledger_projectors::Projector;
use keyledger_validator::Validator;
use metrics_exporter_prometheus::PrometheusHandle;
use serde::Serialize;
use tokio::sync::watch;

use crate::{
    ops::{
        self, Reports, Role, Roles, log_role, projector_role, relay_role, signer_role_beside, validator_role,
    },
    running::{past::Past, ports::Lists},
    transparency::SignerBeside,
};

/// What the operations listener reports on.
#[derive(Clone)]
pub(super) struct Ops {
    pub(super) projectors: Vec<Arc<Projector>>,
    pub(super) validator: Arc<Validator>,
    pub(super) lists: Lists,
    /// The relay; none where nothing is published.
    pub(super) relay: Option<Arc<Relay>>,
    /// The signer.
    pub(super) signer: SignerBeside,
    /// What is known of the log as a whole.
    pub(super) past: watch::Receiver<Past>,
    /// For how long the validator answers without hearing from the log.
    pub(super) hard_bound: Duration,
}

#[async_trait(?Send)]
impl Reports for Ops {
    async fn roles(&self) -> Roles {
        let of_projectors: Vec<_> =
            self.projectors.iter().map(|projector| projector_role(projector)).collect();
        // Commands are recorded all the same, but nobody could be told who asks, or that they took effect.
        let lame = of_projectors.iter().find(|role| !role.ready);
        let lame = lame.map(|Role { role, .. }| format!("{role}, which it answers by, is not ready"));
        let command_service = Role::new("command-service", None, lame);
        let validator = validator_role(&self.validator, self.hard_bound);
        let log = log_role(&self.past.borrow());
        Roles {
            deciding: [log, command_service].into_iter().chain(of_projectors).chain([validator]).collect(),
            beside: self
                .relay
                .iter()
                .map(|relay| relay_role(relay))
                .chain(signer_role_beside(&self.signer))
                .collect(),
        }
    }

    fn measure(&self) {
        self.validator.report();
    }
}

/// Registers the routes.
pub(super) fn configure(ops: Ops, metrics: PrometheusHandle) -> impl Fn(&mut web::ServiceConfig) + Clone {
    let models = web::Data::new((ops.validator.clone(), ops.lists.clone()));
    let common = ops::configure(Arc::new(ops), metrics);
    move |config: &mut web::ServiceConfig| {
        config.app_data(models.clone()).route("/projections", web::get().to(projections));
        common(config);
    }
}

/// A read model as it is at this moment.
#[derive(Serialize)]
struct Model {
    name: &'static str,
    position: u64,
    digest: String,
}

/// The digests of the running read models, to be compared with rebuilt ones. Reads all of them.
async fn projections(models: web::Data<(Arc<Validator>, Lists)>) -> HttpResponse {
    let work = move || -> Result<[Model; 2], String> {
        let (validator, lists) = &**models;
        let (index, rows) =
            (validator.index(), lists.reader()?.contents().map_err(|error| error.to_string())?);
        let (position, digest) = (index.position().get(), hex::encode(index.digest()));
        let lists = (rows.checkpoint.position.get(), hex::encode(rows.digest));
        Ok([
            Model { name: "key_index", position, digest },
            Model { name: "partner_keys", position: lists.0, digest: lists.1 },
        ])
    };
    match web::block(work).await {
        Ok(Ok(models)) => HttpResponse::Ok().json(serde_json::json!({ "projections": models })),
        Ok(Err(why)) => unavailable(&why),
        Err(error) => unavailable(&error.to_string()),
    }
}

fn unavailable(why: &str) -> HttpResponse {
    HttpResponse::ServiceUnavailable().json(serde_json::json!({ "message": why }))
}
