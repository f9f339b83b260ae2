//! Kafka: how the settings reach the relay, the relay as a role of its own, and the commands that look at the topics.

mod client_file;
pub(crate) mod go_on;
pub(crate) mod relay;
pub(crate) mod replay;
pub(crate) mod verify;

use std::sync::Arc;

use anyhow::Context as _;
use keyledger_domain::Clock as _;
use keyledger_domain::envelope::uuid_v7;
use keyledger_event_log::{EventLog, PublicLog};
use keyledger_kafka_relay::{Cluster, Relay, RelayParts};
use keyledger_secret::Randomness as _;
use uuid::Uuid;

use crate::{
    environment::{self, OsRandomness, SystemClock},
    installation::HeldKeyring,
    settings::{self, Settings},
};

/// The cluster that the settings name; none where they name none.
///
/// # Errors
/// One sentence, where the client's properties cannot be used.
pub(crate) fn cluster(kafka: &settings::Kafka) -> anyhow::Result<Option<Cluster>> {
    let properties = kafka.client_file.as_deref().map(client_file::read).transpose()?.unwrap_or_default();
    let brokers = kafka.brokers.as_ref().map_or("", |brokers| brokers.as_str());
    let cluster = Cluster::new(brokers, kafka.topic_prefix.0.clone(), properties);
    let cluster = cluster.with_context(|| {
        kafka.client_file.as_ref().map_or_else(String::new, |file| file.display().to_string())
    })?;
    let cluster = cluster
        .with_partitions(kafka.partitions.0)
        .with_replication(kafka.replication_factor.map(|number| number.0));
    Ok(kafka.brokers.is_some().then_some(cluster))
}

/// The cluster, for a command that needs one.
///
/// # Errors
/// As [`cluster`], and where there is none.
pub(crate) fn needed_cluster(settings: &Settings) -> anyhow::Result<Cluster> {
    cluster(&settings.kafka)?
        .context("no Kafka is set: give kafka.brokers in keyledger.toml, or KEYLEDGER_KAFKA__BROKERS")
}

/// Publishes the log where the settings name a cluster. It is given the public parts, and MAC keys only.
///
/// # Errors
/// As [`cluster`].
pub(crate) fn publish(
    settings: &Settings,
    log: Arc<dyn EventLog>,
    keyring: &HeldKeyring,
) -> anyhow::Result<Option<Arc<Relay>>> {
    let Some(cluster) = cluster(&settings.kafka)? else { return Ok(None) };
    let relay = Relay::spawn(RelayParts {
        log: PublicLog::of(log),
        keys: keyring.mac_keys_source(),
        cluster,
        clock: Arc::new(environment::instant),
        id: relay_id(),
    });
    Ok(Some(Arc::new(relay.context("cannot start the relay")?)))
}

/// Lets a relay end, between two transactions or in one that is then given up.
pub(crate) async fn stop(relay: Option<&Relay>) {
    if let Some(relay) = relay {
        relay.stop().await;
    }
}

/// An id for a relay that starts.
fn relay_id() -> Uuid {
    let mut random = [0; 10];
    OsRandomness.fill(&mut random);
    uuid_v7(SystemClock.now(), random)
}
