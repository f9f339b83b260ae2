//! The signer as a process of its own.

use std::{path::Path, sync::Arc};

use anyhow::{Context as _, anyhow};
use async_trait::async_trait;
use keyledger_audit::signer::{Signer, State};
use keyledger_listener::{Listening, listen};
use metrics_exporter_prometheus::PrometheusHandle;
use serde::Serialize;

use crate::{
    cli::Context,
    data_dir::Role,
    installation::ReadOnly,
    ops::{self, Reports, Roles, signer_role},
    running::{Ending, as_message, listener, tidy_metrics, told, url},
    settings::Settings,
};

/// The line of `signer --json`.
#[derive(Serialize)]
struct Started<'a> {
    ops: &'a str,
    /// Where the tree is kept.
    directory: &'a Path,
}

/// Signs the log until it is asked to end (SIGTERM, SIGINT) or meets what nobody may sign.
///
/// # Errors
/// One sentence: what kept it from starting, or made it stop.
pub(crate) async fn run(
    context: &Context,
    metrics: PrometheusHandle,
    warnings: Vec<String>,
) -> anyhow::Result<()> {
    let settings = context.settings();
    let ReadOnly { directory, log, keyring } = ReadOnly::open(settings).await?;
    directory.create().with_context(|| format!("cannot use {}", directory.path().display()))?;
    let lock = directory.lock(Role::Signer)?;
    warnings.iter().for_each(|warning| tracing::warn!("{warning}"));
    let mut ending = Ending::watch(None)?;
    let signer = super::sign(settings, log, &keyring)?;
    let upkeep = metrics.clone();
    let ops = match open(settings, &signer, metrics) {
        Ok(ops) => ops,
        Err(error) => {
            // It works on this runtime, which ends with the error.
            signer.stop().await;
            return Err(error);
        }
    };
    let address = url(ops.address(), settings.listen.endpoints().ops.tls.is_some());
    let kept = &settings.transparency.directory;
    told(if context.output.json {
        context.output.value(&Started { ops: &address, directory: kept })
    } else {
        context.output.text(&format!(
            "keyledger {} signs the log.\n\n  tree        {}\n  operations  {address}\n",
            env!("CARGO_PKG_VERSION"),
            kept.display(),
        ))
    });
    let ended = tokio::select! {
        ended = ending.wait() => ended,
        reason = stopped(&signer) => Err(reason),
        () = keyring.follow(&lock, |_| {}) => Ok(()),
        () = tidy_metrics(upkeep) => Ok(()),
    };
    signer.stop().await;
    ops.stop().await.context("the listener did not stop in order")?;
    if ended.is_ok() {
        tracing::info!("stopped");
    }
    ended
}

/// The reason why the signer stopped by itself, once it has.
async fn stopped(signer: &Signer) -> anyhow::Error {
    let mut progress = signer.watch();
    match progress.wait_for(|progress| progress.state.is_over()).await.map(|progress| progress.state.clone())
    {
        Ok(State::Stopped(reason)) => anyhow!("{reason}"),
        _ => anyhow!("the signer has ended"),
    }
}

fn open(settings: &Settings, signer: &Arc<Signer>, metrics: PrometheusHandle) -> anyhow::Result<Listening> {
    let endpoint = settings.listen.endpoints().ops;
    Ok(listen(listener(endpoint, 1), as_message, ops::configure(Arc::new(Ops(signer.clone())), metrics))?)
}

/// What the operations listener of a signer reports on.
struct Ops(Arc<Signer>);

#[async_trait(?Send)]
impl Reports for Ops {
    /// It has nothing else to do than to sign, so it is ready when it does.
    async fn roles(&self) -> Roles {
        Roles { deciding: vec![signer_role(&self.0)], beside: Vec::new() }
    }
}
