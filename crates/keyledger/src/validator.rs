//! `keyledger validator`: the validator as a process of its own, on a log that others write.

use std::{sync::Arc, thread, time::Duration};

use actix_web::{HttpResponse, web};
use anyhow::Context as _;
use keyledger_event_log::Position;
use keyledger_listener::{Listening, listen};
use keyledger_projectors::Projector;
use keyledger_validator::{KeyIndex, Settings as ValidatorSettings, Validator, snapshot};
use metrics_exporter_prometheus::PrometheusHandle;
use serde::Serialize;
use tokio::signal::unix::{SignalKind, signal};

use crate::{
    cli::Context,
    data_dir::Role,
    environment::{self, Stopwatch},
    installation::{ReadOnly, index_config},
    keyring::Keyring,
    ops::{livez, not_found, probe, projector_role, readiness, rendered, validator_role},
    projections::KeyIndexProjection,
    serve::{Snapshots, as_message, listener, tidy_metrics, url},
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
    let installation = ReadOnly::open(settings).await?;
    let ReadOnly { directory, keyring, .. } = &installation;
    directory.create().with_context(|| format!("cannot use {}", directory.path().display()))?;
    let lock = directory.lock(Role::Validator)?;
    warnings.iter().for_each(|warning| tracing::warn!("{warning}"));
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let (index, restored, projector) = follow(settings, &installation)?;
    let upkeep = metrics.clone();
    let listening = match Listeners::open(settings, &index, &projector, metrics) {
        Ok(listening) => listening,
        Err(error) => {
            // It works on this runtime, which ends with the error.
            projector.stop().await;
            return Err(error);
        }
    };
    print_addresses(context, &listening);
    let mut snapshots = Snapshots::new(&index, restored, keyring, directory);
    let take_up = |keyring: &Keyring| index.set_peppers(keyring.peppers());
    tokio::select! {
        _ = terminate.recv() => {},
        _ = interrupt.recv() => {},
        () = snapshots.keep() => {},
        () = keyring.follow(&lock, take_up) => {},
        () = tidy_metrics(upkeep) => {},
    }
    listening.validator.stop().await.context("the listener did not stop in order")?;
    projector.stop().await;
    snapshots.take().await;
    listening.ops.stop().await.context("the listener did not stop in order")?;
    tracing::info!("stopped");
    Ok(())
}

/// The index, from where it was written down, and the projector that lets it follow the log.
fn follow(
    settings: &Settings,
    installation: &ReadOnly,
) -> anyhow::Result<(Arc<KeyIndex>, Position, Arc<Projector>)> {
    let ReadOnly { directory, log, keyring } = installation;
    let stopwatch = Stopwatch::start();
    let config = index_config(settings, log.identity(), stopwatch);
    let restored = snapshot::load(&directory.snapshots(), &config, &keyring.mac_keys());
    let index = Arc::new(restored.unwrap_or_else(|| KeyIndex::new(config)));
    let restored = index.position();
    index.set_peppers(keyring.peppers());
    let projection = KeyIndexProjection { index: index.clone(), stopwatch };
    let clock = Arc::new(environment::instant);
    let projector = Projector::spawn(log.clone(), keyring.mac_keys_source(), clock, projection);
    Ok((index, restored, Arc::new(projector.context("cannot start a projector")?)))
}

/// What the operations listener of a validator reports on.
#[derive(Clone)]
struct Ops {
    projector: Arc<Projector>,
    validator: Arc<Validator>,
    /// For how long the validator answers without hearing from the log.
    hard_bound: Duration,
    metrics: PrometheusHandle,
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
        index: &Arc<KeyIndex>,
        projector: &Arc<Projector>,
        metrics: PrometheusHandle,
    ) -> anyhow::Result<Self> {
        let verify = settings.validator.verify;
        let validator =
            Arc::new(Validator::new(index.clone(), ValidatorSettings { verify, ..Default::default() }));
        let ops = Ops {
            projector: projector.clone(),
            validator: validator.clone(),
            hard_bound: settings.validator.hard_bound.0.max(settings.validator.soft_bound.0),
            metrics,
        };
        let routes = move |config: &mut web::ServiceConfig| {
            config
                .app_data(web::Data::new(ops.clone()))
                .service(probe("/livez", livez))
                .service(probe("/readyz", readyz))
                .route("/metrics", web::get().to(self::metrics))
                .default_service(web::to(not_found));
        };
        let endpoints = settings.listen.endpoints();
        let tls = [endpoints.validator.tls.is_some(), endpoints.ops.tls.is_some()];
        let every_core = thread::available_parallelism().map_or(1, usize::from);
        let answers = keyledger_validator::configure(validator);
        Ok(Self {
            validator: listen(listener(endpoints.validator, every_core), as_message, answers)?,
            ops: listen(listener(endpoints.ops, 1), as_message, routes)?,
            tls,
        })
    }
}

async fn readyz(ops: web::Data<Ops>) -> HttpResponse {
    let roles = vec![projector_role(&ops.projector), validator_role(&ops.validator, ops.hard_bound)];
    readiness(roles, Vec::new())
}

async fn metrics(ops: web::Data<Ops>) -> HttpResponse {
    ops.validator.report();
    rendered(&ops.metrics)
}

fn print_addresses(context: &Context, listening: &Listeners) {
    let [validator, ops] = [
        url(listening.validator.address(), listening.tls[0]),
        url(listening.ops.address(), listening.tls[1]),
    ];
    let printed = if context.output.json {
        context.output.value(&Started { validator: &validator, ops: &ops })
    } else {
        context.output.text(&format!(
            "keyledger {} judges requests.\n\n  validator       {validator}\n  operations      {ops}\n",
            env!("CARGO_PKG_VERSION"),
        ))
    };
    if let Err(error) = printed {
        tracing::debug!(%error, "nobody reads what is printed at the start");
    }
}
