//! `keyledger projector`: the lists, made by a process of its own from a log that others write.

use std::sync::Arc;

use anyhow::{Context as _, anyhow};
use async_trait::async_trait;
use keyledger_listener::{Listening, listen};
use keyledger_projectors::{Projector, State};
use metrics_exporter_prometheus::PrometheusHandle;
use serde::Serialize;
use tokio::sync::watch;

use crate::{
    cli::Context,
    data_dir::Role,
    environment,
    installation::{ModelsPlace, ReadOnly},
    ops::{self, Reports, Roles, log_role, projector_role},
    projections::{PartnerKeysProjection, PastProjection},
    running::{
        Ending, as_message, listener,
        past::{self, Past},
        tidy_metrics, told, url,
    },
    settings::Settings,
};

/// The line of `projector --json`.
#[derive(Serialize)]
struct Started<'a> {
    ops: &'a str,
}

/// Makes the lists from the log until it is asked to end (SIGTERM, SIGINT) or meets what nobody may read past.
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
    let lock = directory.lock(Role::Projector)?;
    warnings.iter().for_each(|warning| tracing::warn!("{warning}"));
    let mut ending = Ending::watch(None)?;
    let models = ModelsPlace::of(&settings.read_models, &directory)?;
    let rows = models.write_lists(log.identity())?;
    let keys = keyring.mac_keys_source();
    let clock: keyledger_projectors::MonotonicClock = Arc::new(environment::instant);
    let lists =
        Projector::spawn(log.clone(), keys.clone(), clock.clone(), PartnerKeysProjection(rows)).map(Arc::new);
    let lists = lists.context("cannot start a projector")?;
    let past = Projector::spawn(log, keys, clock, PastProjection::default()).map(Arc::new);
    let past = past.context("cannot start a projector")?;
    let upkeep = metrics.clone();
    let ops = match open(settings, &lists, &past, metrics) {
        Ok(ops) => ops,
        Err(error) => {
            // They work on this runtime, which ends with the error.
            tokio::join!(lists.stop(), past.stop());
            return Err(error);
        }
    };
    print_address(context, &url(ops.address(), settings.listen.endpoints().ops.tls.is_some()));
    let ended = tokio::select! {
        ended = ending.wait() => ended,
        reason = stopped(&lists) => Err(reason),
        () = keyring.follow(&lock, |_| {}) => Ok(()),
        () = tidy_metrics(upkeep) => Ok(()),
    };
    tokio::join!(lists.stop(), past.stop());
    ops.stop().await.context("the listener did not stop in order")?;
    if ended.is_ok() {
        tracing::info!("stopped");
    }
    ended
}

/// The reason why the lists are not made any more, once they are not.
async fn stopped(lists: &Projector) -> anyhow::Error {
    let mut progress = lists.watch();
    match progress.wait_for(|progress| progress.state.is_over()).await.map(|progress| progress.state.clone())
    {
        Ok(State::Stopped(reason)) => anyhow!("{reason}"),
        _ => anyhow!("the projector has ended"),
    }
}

/// What the operations listener of a projector reports on.
struct Ops {
    lists: Arc<Projector>,
    past: watch::Receiver<Past>,
}

#[async_trait(?Send)]
impl Reports for Ops {
    async fn roles(&self) -> Roles {
        let deciding = vec![log_role(&self.past.borrow()), projector_role(&self.lists)];
        Roles { deciding, beside: Vec::new() }
    }
}

fn open(
    settings: &Settings,
    lists: &Arc<Projector>,
    past: &Arc<Projector>,
    metrics: PrometheusHandle,
) -> anyhow::Result<Listening> {
    let ops = Ops { lists: lists.clone(), past: past::watch(past.clone()) };
    let endpoint = settings.listen.endpoints().ops;
    Ok(listen(listener(endpoint, 1), as_message, ops::configure(Arc::new(ops), metrics))?)
}

fn print_address(context: &Context, ops: &str) {
    told(if context.output.json {
        context.output.value(&Started { ops })
    } else {
        context.output.text(&format!(
            "keyledger {} makes the lists.\n\n  operations      {ops}\n",
            env!("CARGO_PKG_VERSION"),
        ))
    });
}
