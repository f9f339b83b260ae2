//! The topics compared with the log: gaps, duplicates, order, differences.

mod finding;
mod key_events;
mod keys;
pub(crate) mod partition;

use std::{sync::Arc, time::Duration};

use keyledger_event_log::{EventLog, LogIdentity, Position, PublicLog};
use keyledger_projectors::{Intake, MacKeysSource};
use tokio::{runtime::Handle, task};

pub use finding::Finding;
use finding::Findings;
use key_events::KeyEvents;
use keys::Keys;

use crate::{
    Cluster, StopReason,
    checkpoint::Published,
    look::{CheckpointTopic, must_be_of},
    reading::{Outgoing, Reading},
    stop_reason::Trouble,
};

/// What the comparison of the topics with the log found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// The position of the first event that the topics are to hold.
    pub from: Position,
    /// The position up to which they say they hold everything.
    pub up_to: Position,
    /// How many events of the log were compared with their records.
    pub events: u64,
    /// How many events have no record any more because their topic keeps records for a time only.
    pub expired: u64,
    /// How many keys the compacted topic holds.
    pub keys: u64,
    /// What is wrong, at most [`Report::SHOWN`] of it.
    pub findings: Vec<Finding>,
    /// How much is wrong in all.
    pub faults: u64,
}

/// How long the brokers get to tell every partition that a transaction was committed.
const SETTLED: Duration = Duration::from_millis(500);

/// How often the checkpoint is looked at again where a key is newer than it.
const LOOKS: u32 = 10;

impl Report {
    /// How many findings are kept.
    pub const SHOWN: usize = 1_000;
}

/// Reads the topics as a consumer does, and compares them with the log, whose events are checked on the way. It may be
/// done while the relay publishes. `on_progress` is told the position reached and the last one.
///
/// # Errors
/// [`StopReason`] where the two cannot be compared: nothing was published, it was another log, one of them cannot be read.
pub async fn verify(
    log: PublicLog,
    keys: MacKeysSource,
    cluster: Cluster,
    on_progress: impl FnMut(Position, Position) + Send + 'static,
) -> Result<Report, StopReason> {
    let runtime = Handle::current();
    let log: Arc<dyn EventLog> = Arc::new(log);
    // The client of Kafka blocks.
    let work = task::spawn_blocking(move || {
        runtime.block_on(compare(log, keys, &cluster, on_progress)).map_err(|trouble| match trouble {
            Trouble::Stop(reason) => reason,
            Trouble::Passing(why) => StopReason::Topics(why),
        })
    });
    work.await.unwrap_or(Err(StopReason::Panicked))
}

async fn compare(
    log: Arc<dyn EventLog>,
    mac_keys: MacKeysSource,
    cluster: &Cluster,
    mut on_progress: impl FnMut(Position, Position),
) -> Result<Report, Trouble> {
    let own = log.identity();
    let mut findings = Findings::default();
    // What the first look found committed, every later one sees, once the markers of its transaction have reached every
    // partition; a key may be newer than that, and is then compared with the event that it names.
    let first_look = published(cluster, own).await?;
    let cluster = &cluster.clone().with_partitions(first_look.partitions);
    tokio::time::sleep(SETTLED).await;
    let mut keys = Keys::read(cluster, own, &first_look, &mut findings)?;
    let mut last_look = published(cluster, own).await?;
    for _ in 0..LOOKS {
        if Position::new(last_look.position) >= keys.newest() {
            break;
        }
        tokio::time::sleep(SETTLED).await;
        last_look = published(cluster, own).await?;
    }
    let Published { from, position: up_to, lives, .. } = last_look;
    tokio::time::sleep(SETTLED).await;
    let (from, up_to) = (Position::new(from), Position::new(up_to));
    let mut key_events = KeyEvents::open(cluster, own, up_to, &lives)?;
    let before = Position::new(from.get().saturating_sub(1));
    let head = log.head().await.map_err(keyledger_projectors::StopReason::from)?;
    if head < up_to {
        findings.add(Finding::Ahead { published: up_to.get(), head: head.get() });
    }
    let intake = Intake::behind(before, Arc::clone(&log), Arc::clone(&mac_keys)).await?;
    let mut reading = Reading::of(intake, Arc::clone(&log), mac_keys);
    let (mut reached, mut events) = (before, 0);
    while reached < up_to.min(head) {
        for event in reading.next().await?.into_iter().take_while(|event| event.position <= up_to) {
            let Outgoing { position, what_happened, facts, .. } = event;
            key_events.compare(position, &what_happened, &mut findings)?;
            if let Some(facts) = facts {
                keys.compare(position, &facts, &mut findings);
            }
            (reached, events) = (position, events + 1);
        }
        on_progress(reached, up_to);
        if reading.head() <= reached {
            break;
        }
    }
    let head = log.head().await.map_err(keyledger_projectors::StopReason::from)?;
    key_events.end(head, &mut findings)?;
    keys.end(&mut findings);
    let (expired, keys) = (key_events.expired, keys.number);
    let (findings, faults) = findings.into_parts();
    Ok(Report { from, up_to, events, expired, keys, findings, faults })
}

/// Up to where the topics say they hold everything.
async fn published(cluster: &Cluster, own: LogIdentity) -> Result<Published, Trouble> {
    let topic = cluster.topics().checkpoint().to_owned();
    let Some(published) = CheckpointTopic::read(cluster).await?.published else {
        return Err(StopReason::Topics(format!(
            "nothing was published yet: the topic {topic} tells of nothing. Run the relay first, or correct the prefix"
        ))
        .into());
    };
    must_be_of(&published, topic, own)?;
    Ok(published)
}
