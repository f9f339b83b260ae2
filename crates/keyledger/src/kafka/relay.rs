//! The relay as a process of its own.

use std::sync::Arc;

use anyhow::{Context as _, anyhow};
use async_trait::async_trait;
use keyledger_kafka_relay::{Relay, State};
use keyledger_listener::{Listening, listen};
use metrics_exporter_prometheus::PrometheusHandle;
use serde::Serialize;

use crate::{
    cli::Context,
    data_dir::Role,
    installation::ReadOnly,
    ops::{self, Reports, Roles, relay_role},
    running::{Ending, as_message, listener, tidy_metrics, told, url},
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
    directory.create().with_context(|| format!("cannot use {}", directory.path().display()))?;
    let lock = directory.lock(Role::Relay)?;
    warnings.iter().for_each(|warning| tracing::warn!("{warning}"));
    let mut ending = Ending::watch(None)?;
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
    told(if context.output.json {
        context.output.value(&Started { ops: &address, topics })
    } else {
        context.output.text(&format!(
            "keyledger {} publishes the log to Kafka.\n\n  topics      {}\n  operations  {address}\n",
            env!("CARGO_PKG_VERSION"),
            topics.join("\n              "),
        ))
    });
    let ended = tokio::select! {
        ended = ending.wait() => ended,
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

fn open(settings: &Settings, relay: &Arc<Relay>, metrics: PrometheusHandle) -> anyhow::Result<Listening> {
    let endpoint = settings.listen.endpoints().ops;
    Ok(listen(listener(endpoint, 1), as_message, ops::configure(Arc::new(Ops(relay.clone())), metrics))?)
}

/// What the operations listener of a relay reports on.
struct Ops(Arc<Relay>);

#[async_trait(?Send)]
impl Reports for Ops {
    /// It has nothing else to do than to publish, so it is ready when it does.
    async fn roles(&self) -> Roles {
        Roles { deciding: vec![relay_role(&self.0)], beside: Vec::new() }
    }
}
