//! `keyledger validator`: the validator as a process of its own, on a log that others write.

use std::{fs, sync::Arc, time::Duration};

use anyhow::Context as _;
use async_trait::async_trait;
use keyledger_listener::{Listening, listen};
use keyledger_projectors::Projector;
use keyledger_validator::{Settings as ValidatorSettings, Validator, snapshot};
use metrics_exporter_prometheus::PrometheusHandle;
use serde::Serialize;

use crate::{
    cli::Context,
    data_dir::{DataDir, Role},
    installation::{ModelsPlace, ReadOnly},
    keyring::Keyring,
    ops::{self, Reports, Roles, projector_role, validator_role},
    running::{
        Ending, FollowedIndex, LastUses, Reporter, Snapshots, as_message, every_core, listener, tidy_metrics,
        told, url,
    },
    settings::Settings,
};

/// The line of `validator --json`.
#[derive(Serialize)]
struct Started<'a> {
    validator: &'a str,
    ops: &'a str,
}

/// Judges requests until it is asked to end (SIGTERM, SIGINT). It listens at once and answers once it has caught up with
/// the log: whoever balances the load asks `/readyz`.
///
/// # Errors
/// One sentence: what kept it from starting.
pub(crate) async fn run(
    context: &Context,
    metrics: PrometheusHandle,
    warnings: Vec<String>,
) -> anyhow::Result<()> {
    let settings = context.settings();
    let ReadOnly { directory, log, keyring } = ReadOnly::open(settings).await?;
    directory.create().with_context(|| format!("cannot use {}", directory.path().display()))?;
    let lock = directory.lock(Role::Validator)?;
    warnings.iter().for_each(|warning| tracing::warn!("{warning}"));
    let mut ending = Ending::watch(None)?;
    let models = ModelsPlace::of(&settings.read_models, &directory)?;
    let reporter = Reporter::new(settings, log.identity(), &keyring)?;
    begin_with_snapshot(&reporter, &directory).await;
    let followed = FollowedIndex::start(settings, &directory, &log, &keyring)?;
    let last_uses = LastUses::open(&followed, &models).await;
    let upkeep = metrics.clone();
    let listening = match Listeners::open(settings, &followed, metrics) {
        Ok(listening) => listening,
        Err(error) => {
            // It works on this runtime, which ends with the error.
            followed.projector.stop().await;
            return Err(error);
        }
    };
    print_addresses(context, &listening);
    let mut snapshots = Snapshots::new(&followed, &keyring, &directory);
    let take_up = |keyring: &Keyring| followed.index.set_peppers(keyring.peppers());
    let ended = tokio::select! {
        ended = ending.wait() => ended,
        () = snapshots.keep() => Ok(()),
        () = last_uses.keep() => Ok(()),
        () = reporter.keep(&followed) => Ok(()),
        () = keyring.follow(&lock, take_up) => Ok(()),
        () = tidy_metrics(upkeep) => Ok(()),
    };
    listening.validator.stop().await.context("the listener did not stop in order")?;
    reporter.farewell(&followed.index).await;
    followed.projector.stop().await;
    snapshots.take().await;
    last_uses.write().await;
    listening.ops.stop().await.context("the listener did not stop in order")?;
    tracing::info!("stopped");
    ended
}

/// Where no snapshot was ever written here, begins with that of a command service: laid where one of its own would lie, it
/// is believed no more than that.
async fn begin_with_snapshot(reporter: &Reporter, directory: &DataDir) {
    let has_none = fs::read_dir(directory.snapshots()).is_ok_and(|mut snapshots| snapshots.next().is_none());
    if !has_none {
        return;
    }
    if let Some(fetched) = reporter.fetch_snapshot().await
        && let Err(error) = snapshot::store(&directory.snapshots(), &fetched)
    {
        tracing::warn!(%error, "the snapshot that was fetched cannot be kept: the log is read from its beginning");
    }
}

/// What the operations listener of a validator reports on.
struct Ops {
    projector: Arc<Projector>,
    validator: Arc<Validator>,
    /// For how long the validator answers without hearing from the log.
    hard_bound: Duration,
}

#[async_trait(?Send)]
impl Reports for Ops {
    async fn roles(&self) -> Roles {
        let deciding =
            vec![projector_role(&self.projector), validator_role(&self.validator, self.hard_bound)];
        Roles { deciding, beside: Vec::new() }
    }

    fn measure(&self) {
        self.validator.report();
    }
}

/// The two listeners of a validator.
struct Listeners {
    validator: Listening,
    ops: Listening,
    tls: [bool; 2],
}

impl Listeners {
    fn open(
        settings: &Settings,
        followed: &FollowedIndex,
        metrics: PrometheusHandle,
    ) -> anyhow::Result<Self> {
        let verify = settings.validator.verify;
        let index = followed.index.clone();
        let validator = Arc::new(Validator::new(index, ValidatorSettings { verify, ..Default::default() }));
        let ops = Ops {
            projector: followed.projector.clone(),
            validator: validator.clone(),
            hard_bound: settings.validator.longest_silence(),
        };
        let endpoints = settings.listen.endpoints();
        let tls = [endpoints.validator.tls.is_some(), endpoints.ops.tls.is_some()];
        let answers = keyledger_validator::configure(validator);
        let routes = ops::configure(Arc::new(ops), metrics);
        Ok(Self {
            validator: listen(listener(endpoints.validator, every_core()), as_message, answers)?,
            ops: listen(listener(endpoints.ops, 1), as_message, routes)?,
            tls,
        })
    }
}

fn print_addresses(context: &Context, listening: &Listeners) {
    let [validator, ops] = [
        url(listening.validator.address(), listening.tls[0]),
        url(listening.ops.address(), listening.tls[1]),
    ];
    told(if context.output.json {
        context.output.value(&Started { validator: &validator, ops: &ops })
    } else {
        context.output.text(&format!(
            "keyledger {} judges requests.\n\n  validator       {validator}\n  operations      {ops}\n",
            env!("CARGO_PKG_VERSION"),
        ))
    });
}
