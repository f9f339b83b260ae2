//! Every role in one process.
//!
//! ```text
//! listeners ─▶ command service ─▶ log ─▶ projectors ─▶ key index ─▶ validator
//!                              │                   └─▶ lists
//!                              ├─▶ relay ─▶ Kafka, where one is set
//!                              └─▶ signer ─▶ tree and checkpoints
//! ```
//!
//! They start from the log outwards and stop in the other direction; what each of them does is in its own crate.

mod greeting;
mod ops;
mod readers;

use std::sync::Arc;

use anyhow::Context as _;
use keyledger_domain::Catalogue;
use keyledger_kafka_relay::Relay;
use keyledger_listener::{Listening, listen};
use keyledger_validator::{Settings as ValidatorSettings, Validator};
use metrics_exporter_prometheus::PrometheusHandle;

use crate::{
    cli::Context,
    data_dir::Role,
    installation::{self, Installation},
    kafka,
    keyring::Keyring,
    running::{
        Ending, LastUses, Management, ManagementPorts, Reporter, Snapshots, as_message, every_core, listener,
        past,
        ports::{IndexAndTable, LocalReaders},
        tidy_metrics, url,
    },
    settings::Settings,
    transparency::SignerBeside,
};

pub(crate) use readers::Readers;

use greeting::Addresses;
use ops::Ops;

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
    if SignerBeside::is_wanted(settings) {
        installation
            .directory
            .lock_also(&mut installation.lock, Role::Signer)
            .context("a signer of its own runs beside: stop it, or set transparency.sign_in_serve = false")?;
    }
    installation.confirm_witnesses(settings).await?;
    warnings.iter().for_each(|warning| tracing::warn!("{warning}"));
    let mut ending = Ending::watch(Some(installation.log_failed.clone()))?;
    // To the command services of other machines on the same log: their receipts count the validator in this process.
    let reporter = Reporter::new(settings, installation.log.identity(), &installation.keyring)?;
    let readers = Readers::start(settings, &installation)?;
    let last_uses = LastUses::open(&readers.followed, &readers.models).await;
    let upkeep = metrics.clone();
    let relay = match kafka::publish(settings, installation.log.clone(), &installation.keyring) {
        Ok(relay) => relay,
        Err(error) => {
            readers.stop().await;
            return Err(error);
        }
    };
    let signer = SignerBeside::start(settings, installation.log.clone(), &installation.keyring);
    let beside = Beside { relay: relay.clone(), signer: signer.clone() };
    let listeners = match Listeners::open(settings, &installation, &readers, beside, metrics) {
        Ok(listeners) => listeners,
        Err(error) => {
            // They work on this runtime, which ends with the error.
            readers.stop().await;
            signer.stop().await;
            kafka::stop(relay.as_deref()).await;
            return Err(error);
        }
    };
    // Where a provider says who is an operator, nobody needs a code to become the first one.
    let people = listeners.management.people.clone().filter(|_| settings.openid.issuer.is_none());
    greeting::print_when_ready(context, &listeners.addresses(), &begun, people, &readers);
    drop(begun);

    let index = &readers.followed.index;
    let mut snapshots = Snapshots::new(&readers.followed, &installation.keyring, &installation.directory);
    let take_up = |keyring: &Keyring| index.set_peppers(keyring.peppers());
    let ended = tokio::select! {
        ended = ending.wait() => ended,
        () = snapshots.keep() => Ok(()),
        () = last_uses.keep() => Ok(()),
        () = reporter.keep(&readers.followed) => Ok(()),
        () = installation.keyring.follow(&installation.lock, take_up) => Ok(()),
        () = tidy_metrics(upkeep) => Ok(()),
    };
    listeners.management.end_streams();
    // A log that failed has nothing more to promise: whoever waits learns it from the closed connection.
    if ended.is_ok() {
        listeners.stop().await?;
        reporter.farewell(index).await;
    }
    readers.stop().await;
    if ended.is_ok() {
        snapshots.take().await;
        last_uses.write().await;
    }
    signer.stop().await;
    // It may wait for Kafka a while, and nothing else waits for it.
    kafka::stop(relay.as_deref()).await;
    if ended.is_ok() {
        tracing::info!("stopped");
    }
    ended
}

/// The roles whose lag keeps nobody from being served.
struct Beside {
    relay: Option<Arc<Relay>>,
    signer: SignerBeside,
}

/// The three listeners.
struct Listeners {
    management: Management,
    validator: Listening,
    ops: Listening,
    tls: [bool; 3],
}

impl Listeners {
    fn open(
        settings: &Settings,
        installation: &Installation,
        readers: &Readers,
        Beside { relay, signer }: Beside,
        metrics: PrometheusHandle,
    ) -> anyhow::Result<Self> {
        let index = &readers.followed.index;
        let ports = ManagementPorts {
            index: index.clone(),
            lists: readers.lists.clone(),
            last_used: Arc::new(IndexAndTable { index: index.clone(), table: readers.last_used.clone() }),
            readers: Arc::new(LocalReaders { index: index.clone(), projectors: readers.projectors.clone() }),
            here: Some("serve"),
        };
        let management = Management::open(settings, installation, ports)?;
        let verify = settings.validator.verify;
        let validator =
            Arc::new(Validator::new(index.clone(), ValidatorSettings { verify, ..Default::default() }));
        let ops = Ops {
            projectors: readers.projectors.clone(),
            validator: validator.clone(),
            lists: readers.lists.clone(),
            relay,
            signer,
            past: past::watch(readers.past.clone()),
            hard_bound: settings.validator.longest_silence(),
        };
        let endpoints = settings.listen.endpoints();
        let tls =
            [&endpoints.command, &endpoints.validator, &endpoints.ops].map(|endpoint| endpoint.tls.is_some());
        Ok(Self {
            management,
            validator: listen(
                listener(endpoints.validator, every_core()),
                as_message,
                keyledger_validator::configure(validator),
            )?,
            ops: listen(listener(endpoints.ops, 1), as_message, ops::configure(ops, metrics))?,
            tls,
        })
    }

    fn addresses(&self) -> Addresses {
        let [command, validator, ops] = self.tls;
        Addresses {
            command: url(self.management.listening.address(), command),
            validator: url(self.validator.address(), validator),
            ops: url(self.ops.address(), ops),
        }
    }

    /// Requests in flight are answered first; the operations listener tells of it until the end.
    async fn stop(self) -> anyhow::Result<()> {
        let (command, validator) = tokio::join!(self.management.listening.stop(), self.validator.stop());
        command.and(validator).context("a listener did not stop in order")?;
        self.ops.stop().await.context("a listener did not stop in order")
    }
}
