//! A relay in this process, as the binary runs it, that publishes a history to topics of its own.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use keyledger_event_log::{EventLog as _, PublicLog};
use keyledger_kafka_relay::{Cluster, Progress, Relay, RelayParts, State, Topics};
use keyledger_projectors::MacKeysSource;
use keyledger_tests::{Broker, random_bytes};
use tokio::runtime::Runtime;
use tokio::sync::watch;
use tokio::time::{sleep, timeout};
use uuid::Uuid;

use crate::history::History;
use crate::statistics::nanos_each;

/// How long a relay may keep silent on a busy machine.
const PATIENCE: Duration = Duration::from_secs(120);

/// How long nothing happens before a single event: longer than a relay leaves between two small transactions.
const QUIET: Duration = Duration::from_millis(60);

/// Where to publish, and how.
#[derive(Clone, Copy)]
pub(crate) struct To<'a> {
    pub(crate) broker: &'a Broker,
    /// One that no run had before.
    pub(crate) prefix: &'a str,
    pub(crate) partitions: i32,
    /// Of the Kafka client, beside those that the relay has by itself.
    pub(crate) properties: &'a [(&'a str, &'a str)],
}

/// What became of a history.
pub(crate) struct Published {
    /// From the start until the first transaction was committed.
    pub(crate) start: Duration,
    /// From then until the last one was.
    pub(crate) time: Duration,
    /// How many events were published in that time, each in two records.
    pub(crate) events: u64,
    /// In how many transactions, each with a record of its own.
    pub(crate) transactions: u64,
}

impl Published {
    #[expect(clippy::cast_precision_loss, reason = "figures are told to three digits")]
    pub(crate) fn records_a_second(&self) -> f64 {
        (2 * self.events + self.transactions) as f64 / self.time.as_secs_f64()
    }

    #[expect(clippy::cast_precision_loss, reason = "figures are told to three digits")]
    pub(crate) fn events_a_second(&self) -> f64 {
        self.events as f64 / self.time.as_secs_f64()
    }
}

/// Publishes everything.
pub(crate) fn all(history: &History, to: To<'_>) -> anyhow::Result<Published> {
    Runtime::new()?.block_on(async {
        let begun = Instant::now();
        let relay = spawn(history, to)?;
        let published = follow(&mut relay.watch(), begun).await;
        relay.stop().await;
        let published = published?;
        let head = history.log.head().await?;
        ensure!(relay.progress().position == head, "a relay calls itself live, and is not");
        Ok(published)
    })
}

/// Publishes everything, and then so many events more, each after a pause: nanoseconds from the moment at which each was
/// durable until it was committed in Kafka.
pub(crate) fn one_by_one(history: &mut History, to: To<'_>, events: usize) -> anyhow::Result<Vec<f64>> {
    Runtime::new()?.block_on(async {
        let relay = spawn(history, to)?;
        let mut progress = relay.watch();
        follow(&mut progress, Instant::now()).await?;
        let mut nanos = Vec::with_capacity(events);
        for number in 0..events {
            sleep(QUIET).await;
            let change = history.change(number);
            let appended = history.log.append(change).await?;
            let begun = Instant::now();
            let done = progress.wait_for(|progress| progress.position >= appended.position);
            drop(timeout(PATIENCE, done).await.context("the relay does not go on")??);
            nanos.push(nanos_each(begun.elapsed(), 1));
        }
        relay.stop().await;
        Ok(nanos)
    })
}

/// A prefix of topics that nobody has.
pub(crate) fn new_prefix() -> String {
    format!("bench-{}", hex::encode(random_bytes::<6>()))
}

/// The topics of a prefix.
pub(crate) fn topics(prefix: &str) -> anyhow::Result<Topics> {
    Ok(Topics::with_prefix(prefix)?)
}

fn spawn(history: &History, to: To<'_>) -> anyhow::Result<Relay> {
    let properties = to.properties.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    let cluster = Cluster::new(to.broker.address(), topics(to.prefix)?, properties.collect())?;
    let macs = Arc::new(history.world.keyring.macs.clone());
    let keys: MacKeysSource = Arc::new(move || Arc::clone(&macs));
    Ok(Relay::spawn(RelayParts {
        log: PublicLog::of(history.log.clone()),
        keys,
        cluster: cluster.with_partitions(to.partitions),
        clock: Arc::new(Instant::now),
        id: Uuid::from_bytes(random_bytes()),
    })?)
}

/// Waits until everything is published. What comes before the first commit is told apart: topics are made, and a Kafka that
/// just started makes some of its own.
async fn follow(watch: &mut watch::Receiver<Progress>, begun: Instant) -> anyhow::Result<Published> {
    let (mut first, mut last, mut commits) = (None, (begun, 0), 0);
    loop {
        let progress = watch.borrow_and_update().clone();
        let position = progress.position.get();
        if position > last.1 {
            last = (Instant::now(), position);
            first = first.or(Some(last));
            commits += 1;
        }
        match progress.state {
            State::Live if first.is_some() => break,
            State::Stopped(why) => anyhow::bail!("the relay stopped: {why}"),
            _ => timeout(PATIENCE, watch.changed()).await.context("the relay does not go on")??,
        }
    }
    let first = first.context("nothing was published")?;
    Ok(Published {
        start: first.0 - begun,
        time: last.0 - first.0,
        events: last.1 - first.1,
        transactions: commits - 1,
    })
}
