//! Every role in one process.
//!
//! ```text
//! listeners ─▶ command service ─▶ log ─▶ projectors ─▶ key index ─▶ validator
//!                              │                   └─▶ lists
//!                              └─▶ relay ─▶ Kafka, where one is set
//! ```
//!
//! They start from the log outwards and stop in the other direction; what each of them does is in its own crate.

mod greeting;
mod keyring_port;
mod last_uses;
mod ops;
mod past;
mod ports;
mod readers;
mod refusals;
mod snapshots;

use std::{
    io,
    sync::{Arc, atomic::AtomicBool},
    thread,
    time::Duration,
};

use actix_web::web::ServiceConfig;
use anyhow::{Context as _, bail};
use keyledger_command_service::{CommandService, Parts, ports::Gatekeeper};
use keyledger_domain::Catalogue;
use keyledger_kafka_relay::Relay;
use keyledger_listener::{Limits, Listening, listen};
use keyledger_portal::{Portal, Reached, people::People};
use keyledger_validator::{Settings as ValidatorSettings, Validator};
use metrics_exporter_prometheus::PrometheusHandle;
use tokio::{
    signal::unix::{SignalKind, signal},
    sync::watch,
};

use crate::{
    cli::Context,
    data_dir::Role,
    environment::{OsRandomness, SystemClock},
    installation::{self, Installation},
    kafka,
    keyring::Keyring,
    openid,
    settings::{Endpoint, Settings},
};

pub(crate) use greeting::{Addresses, url};
pub(crate) use keyring_port::KeyringPort;
pub(crate) use refusals::as_message;
pub(crate) use snapshots::Snapshots;

use last_uses::LastUses;
use ops::Ops;
use ports::{IndexAndTable, IndexGatekeeper, LocalReaders, SqlKeyLists};
use readers::Readers;

/// How often metrics are tidied.
const UPKEEP: Duration = Duration::from_secs(5);

/// Runs every role until it is asked to end (SIGTERM, SIGINT) or cannot go on. An empty data directory becomes a
/// registry first. The addresses are printed once everything is ready, and `warnings` logged once it is clear that this
/// is the process that serves.
///
/// # Errors
/// One sentence: what kept it from starting, or made it end.
pub(crate) async fn run(
    context: &Context,
    metrics: PrometheusHandle,
    warnings: Vec<String>,
) -> anyhow::Result<()> {
    let settings = context.settings();
    let begun = installation::begin(settings, Catalogue::builtin()).await?;
    let mut installation = Installation::open(settings, Role::Serve).await?;
    if settings.kafka.brokers.is_some() {
        installation.directory.lock_also(&mut installation.lock, Role::Relay)?;
    }
    installation.confirm_witnesses(settings).await?;
    warnings.iter().for_each(|warning| tracing::warn!("{warning}"));
    let readers = Readers::start(settings, &installation)?;
    let last_uses = LastUses::open(&readers);
    let stopping = Arc::new(AtomicBool::new(false));
    let mut ending = Ending::watch(&installation)?;
    let upkeep = metrics.clone();
    let relay = match kafka::publish(settings, installation.log.clone(), &installation.keyring) {
        Ok(relay) => relay,
        Err(error) => {
            readers.stop().await;
            return Err(error);
        }
    };
    let listeners =
        match Listeners::open(settings, &installation, &readers, relay.as_ref(), &stopping, metrics) {
            Ok(listeners) => listeners,
            Err(error) => {
                // They work on this runtime, which ends with the error.
                readers.stop().await;
                kafka::stop(relay.as_deref()).await;
                return Err(error);
            }
        };
    // Where a provider says who is an operator, nobody needs a code to become the first one.
    let people = listeners.people.clone().filter(|_| settings.openid.issuer.is_none());
    greeting::print_when_ready(context, &listeners.addresses(), &begun, people, &readers);
    drop(begun);

    let mut snapshots =
        Snapshots::new(&readers.index, readers.restored, &installation.keyring, &installation.directory);
    let take_up = |keyring: &Keyring| readers.index.set_peppers(keyring.peppers());
    let ended = tokio::select! {
        ended = ending.wait() => ended,
        () = snapshots.keep() => Ok(()),
        () = last_uses.keep() => Ok(()),
        () = installation.keyring.follow(&installation.lock, take_up) => Ok(()),
        () = tidy_metrics(upkeep) => Ok(()),
    };
    stopping.store(true, std::sync::atomic::Ordering::Release);
    // A log that failed has nothing more to promise: whoever waits learns it from the closed connection.
    if ended.is_ok() {
        listeners.stop().await?;
    }
    readers.stop().await;
    if ended.is_ok() {
        snapshots.take().await;
        last_uses.write().await;
    }
    // It may wait for Kafka a while, and nothing else waits for it.
    kafka::stop(relay.as_deref()).await;
    if ended.is_ok() {
        tracing::info!("stopped");
    }
    ended
}

/// How browsers reach the listener of the pages.
fn reached(settings: &Settings) -> Reached {
    if settings.listen.endpoints().command.tls.is_some() {
        Reached::OverTls
    } else if settings.listen.is_behind_proxy() {
        Reached::ThroughProxy
    } else {
        Reached::Directly
    }
}

/// What ends the process.
struct Ending {
    terminate: tokio::signal::unix::Signal,
    interrupt: tokio::signal::unix::Signal,
    log_failed: watch::Receiver<Option<Arc<str>>>,
}

impl Ending {
    fn watch(installation: &Installation) -> io::Result<Self> {
        let [terminate, interrupt] = [SignalKind::terminate(), SignalKind::interrupt()].map(signal);
        Ok(Self { terminate: terminate?, interrupt: interrupt?, log_failed: installation.log_failed.clone() })
    }

    async fn wait(&mut self) -> anyhow::Result<()> {
        let failed = async {
            match self.log_failed.wait_for(Option::is_some).await {
                Ok(why) => why.clone(),
                Err(_) => std::future::pending().await,
            }
        };
        tokio::select! {
            _ = self.terminate.recv() => Ok(()),
            _ = self.interrupt.recv() => Ok(()),
            why = failed => bail!(
                "the log failed and takes no more events, so the process ends: {}; mend the cause, then start again",
                why.as_deref().unwrap_or_default()
            ),
        }
    }
}

/// Folds what histograms have gathered, for ever: until somebody asks for `/metrics` they would only grow.
pub(crate) async fn tidy_metrics(metrics: PrometheusHandle) {
    loop {
        tokio::time::sleep(UPKEEP).await;
        metrics.run_upkeep();
    }
}

/// The three listeners.
struct Listeners {
    command: Listening,
    validator: Listening,
    ops: Listening,
    people: Option<People>,
    tls: [bool; 3],
}

impl Listeners {
    fn open(
        settings: &Settings,
        installation: &Installation,
        readers: &Readers,
        relay: Option<&Arc<Relay>>,
        stopping: &Arc<AtomicBool>,
        metrics: PrometheusHandle,
    ) -> anyhow::Result<Self> {
        let gatekeeper: Arc<dyn Gatekeeper> =
            Arc::new(IndexGatekeeper { index: readers.index.clone(), stopping: stopping.clone() });
        // Keys are judged whether or not there are pages.
        let keyring = installation.keyring.clone();
        let people = People::open(&installation.directory.people(), Arc::new(move || keyring.mac_keys()))
            .inspect_err(|error| tracing::error!(%error, "the portal is not served"))
            .ok();
        let service = CommandService::new(Parts {
            log: installation.log.clone(),
            lists: Arc::new(SqlKeyLists(readers.lists.clone())),
            last_used: Arc::new(IndexAndTable {
                index: readers.index.clone(),
                table: readers.last_used.clone(),
            }),
            readers: Arc::new(LocalReaders(readers.projectors.clone())),
            keyring: Arc::new(KeyringPort(installation.keyring.clone())),
            clock: Arc::new(SystemClock),
            randomness: Arc::new(OsRandomness),
            marker: settings.secret.marker.0,
        });
        let provider = openid::provider(&settings.openid)?;
        let pages = people.clone().map(|people| {
            let (clock, randomness) = (Arc::new(SystemClock), Arc::new(OsRandomness));
            let portal = Portal::new(service.clone(), people, provider, clock, randomness, reached(settings));
            keyledger_portal::routes::configure(portal)
        });
        let management = keyledger_command_service::routes::configure(service, gatekeeper);
        let verify = settings.validator.verify;
        let validator = Arc::new(Validator::new(
            readers.index.clone(),
            ValidatorSettings { verify, ..Default::default() },
        ));
        let ops = Ops {
            projectors: readers.projectors.clone(),
            validator: validator.clone(),
            lists: readers.lists.clone(),
            relay: relay.cloned(),
            past: past::watch(readers.past.clone()),
            hard_bound: settings.validator.hard_bound.0.max(settings.validator.soft_bound.0),
            metrics,
        };
        let endpoints = settings.listen.endpoints();
        let tls =
            [&endpoints.command, &endpoints.validator, &endpoints.ops].map(|endpoint| endpoint.tls.is_some());
        let every_core = thread::available_parallelism().map_or(1, usize::from);
        Ok(Self {
            command: listen(
                listener(endpoints.command, every_core),
                refusals::as_problem,
                move |config: &mut ServiceConfig| {
                    pages.iter().for_each(|pages| pages(config));
                    // What is neither a page nor the API's is told by the API.
                    management(config);
                },
            )?,
            validator: listen(
                listener(endpoints.validator, every_core),
                refusals::as_message,
                keyledger_validator::configure(validator),
            )?,
            ops: listen(listener(endpoints.ops, 1), refusals::as_message, ops::configure(ops))?,
            people,
            tls,
        })
    }

    fn addresses(&self) -> Addresses {
        let [command, validator, ops] = self.tls;
        Addresses {
            command: greeting::url(self.command.address(), command),
            validator: greeting::url(self.validator.address(), validator),
            ops: greeting::url(self.ops.address(), ops),
        }
    }

    /// Requests in flight are answered first; the operations listener tells of it until the end.
    async fn stop(self) -> anyhow::Result<()> {
        let (command, validator) = tokio::join!(self.command.stop(), self.validator.stop());
        command.and(validator).context("a listener did not stop in order")?;
        self.ops.stop().await.context("a listener did not stop in order")
    }
}

/// What a listener is made from.
pub(crate) fn listener(endpoint: Endpoint, workers: usize) -> keyledger_listener::Settings {
    let Endpoint { name, address, tls } = endpoint;
    keyledger_listener::Settings { name, address, tls, workers, limits: Limits::default() }
}
