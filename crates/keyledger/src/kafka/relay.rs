//! The relay as a process of its own.

use std::sync::Arc;

use actix_web::{HttpResponse, web};
use anyhow::{Context as _, anyhow};
use keyledger_kafka_relay::{Relay, State};
use keyledger_listener::{Listening, listen};
use metrics_exporter_prometheus::PrometheusHandle;
use serde::Serialize;
use tokio::signal::unix::{SignalKind, signal};

use crate::{
    cli::Context,
    data_dir::Role,
    installation::ReadOnly,
    ops::{livez, not_found, probe, readiness, relay_role, rendered},
    serve::{as_message, listener, tidy_metrics, url},
    settings::Settings,
};

/// The line of `relay --json`.
#[derive(Serialize)]
struct Started<'a> {
    ops: &'a str,
    topics: [&'a str; 3],
}

/// Publishes the log until it is asked to end (SIGTERM, SIGINT) or cannot go on.
///
/// # Errors
/// One sentence: what kept it from starting, or made it stop.
pub(crate) async fn run(
    context: &Context,
    metrics: PrometheusHandle,
    warnings: Vec<String>,
) -> anyhow::Result<()> {
    let settings = context.settings();
    let cluster = super::needed_cluster(settings)?;
    let ReadOnly { directory, log, keyring } = ReadOnly::open(settings).await?;
    let lock = directory.lock(Role::Relay)?;
    warnings.iter().for_each(|warning| tracing::warn!("{warning}"));
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let relay = super::publish(settings, log, &keyring)?.context("no Kafka is set")?;
    let upkeep = metrics.clone();
    let ops = match open(settings, &relay, metrics) {
        Ok(ops) => ops,
        Err(error) => {
            // It works on this runtime, which ends with the error.
            relay.stop().await;
            return Err(error);
        }
    };
    let address = url(ops.address(), settings.listen.endpoints().ops.tls.is_some());
    let topics = cluster.topics();
    let topics = [topics.key_events(), topics.keys(), topics.checkpoint()];
    let printed = if context.output.json {
        context.output.value(&Started { ops: &address, topics })
    } else {
        context.output.text(&format!(
            "keyledger {} publishes the log to Kafka.\n\n  topics      {}\n  operations  {address}\n",
            env!("CARGO_PKG_VERSION"),
            topics.join("\n              "),
        ))
    };
    if let Err(error) = printed {
        tracing::debug!(%error, "nobody reads what is printed at the start");
    }
    let ended = tokio::select! {
        _ = terminate.recv() => Ok(()),
        _ = interrupt.recv() => Ok(()),
        reason = stopped(&relay) => Err(reason),
        () = keyring.follow(&lock, |_| {}) => Ok(()),
        () = tidy_metrics(upkeep) => Ok(()),
    };
    relay.stop().await;
    ops.stop().await.context("the listener did not stop in order")?;
    if ended.is_ok() {
        tracing::info!("stopped");
    }
    ended
}

/// The reason why the relay stopped by itself, once it has.
async fn stopped(relay: &Relay) -> anyhow::Error {
    let mut progress = relay.watch();
    match progress.wait_for(|progress| progress.state.is_over()).await.map(|progress| progress.state.clone())
    {
        Ok(State::Stopped(reason)) => anyhow!("{reason}"),
        _ => anyhow!("the relay has ended"),
    }
}

/// What the operations listener of a relay reports on.
#[derive(Clone)]
struct Ops {
    relay: Arc<Relay>,
    metrics: PrometheusHandle,
}

fn open(settings: &Settings, relay: &Arc<Relay>, metrics: PrometheusHandle) -> anyhow::Result<Listening> {
    let endpoint = settings.listen.endpoints().ops;
    let ops = Ops { relay: relay.clone(), metrics };
    let routes = move |config: &mut web::ServiceConfig| {
        config
            .app_data(web::Data::new(ops.clone()))
            .service(probe("/livez", livez))
            .service(probe("/readyz", readyz))
            .route("/metrics", web::get().to(self::metrics))
            .default_service(web::to(not_found));
    };
    Ok(listen(listener(endpoint, 1), as_message, routes)?)
}

/// It has nothing else to do than to publish, so it is ready when it does.
async fn readyz(ops: web::Data<Ops>) -> HttpResponse {
    readiness(vec![relay_role(&ops.relay)], Vec::new())
}

async fn metrics(ops: web::Data<Ops>) -> HttpResponse {
    rendered(&ops.metrics)
}
