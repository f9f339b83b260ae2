use std::{sync::Arc, time::Duration};

use keyledger_event_log::{Checkpoint, EventLog, Position};
use keyledger_projectors::{Intake, MacKeysSource};
use tokio::time::Instant;

use crate::{
    Cluster, StopReason,
    checkpoint::{CheckpointRecord, Published, Publisher, Signature},
    look::{self, CheckpointTopic, Confirmed},
    producer::{Producer, Step},
    read_ahead::ReadAhead,
    reading::{Outgoing, Reading},
    record::Record,
    stop_reason::Trouble,
    topics,
};

/// How long a transaction may take to be committed before the relay begins anew and looks what became of it. It is the
/// time after which the brokers give it up themselves, unless they were told otherwise (`transaction.timeout.ms`).
const COMMIT_PATIENCE: Duration = Duration::from_secs(60);

/// Who is told, and may do something else, while Kafka is waited for.
pub(crate) trait Waiting {
    /// Kafka has not answered for this long; what the client complains of meanwhile.
    async fn waited(&mut self, what: &str, waited: Duration, complaint: Option<&str>);
}

/// One attempt to publish a log: from taking the topics over until something goes wrong.
pub(crate) struct Publishing {
    log: Arc<dyn EventLog>,
    producer: Producer,
    reading: ReadAhead,
    published: Published,
}

/// What publishing starts from.
pub(crate) struct Source {
    /// The log, without its private parts.
    pub(crate) log: Arc<dyn EventLog>,
    /// What its events are checked with.
    pub(crate) keys: MacKeysSource,
    /// The position of the first event to publish to new topics.
    pub(crate) from: Position,
    /// Who publishes, and how often it has taken the topics over.
    pub(crate) signature: Signature,
    /// Who had written to the topics last when they were looked at for the first time.
    pub(crate) predecessor: Option<Signature>,
}

impl Source {
    /// Refuses topics that somebody else works on, as far as they show it.
    fn refuse_topics_of_others(&self, cluster: &Cluster, topic: &CheckpointTopic) -> Result<(), StopReason> {
        let (prefix, own) = (cluster.topics().prefix(), self.signature);
        if let Some(last) = topic.last {
            if own.was_followed_by(last, self.predecessor) {
                return Err(StopReason::Fenced { topics: format!("{prefix}.*"), by: last.relay });
            }
            if own.by == Publisher::Replay && last.by == Publisher::Relay {
                return Err(StopReason::Topics(format!(
                    "a relay publishes to the topics {prefix}.*: choose another --topic-prefix"
                )));
            }
        }
        match &topic.published {
            Some(published) if own.by == Publisher::Replay && published.from != self.from.get() => {
                Err(StopReason::Topics(format!(
                    "the topics {prefix}.* were begun from position {}: go on with that one, or choose another --topic-prefix",
                    published.from
                )))
            }
            _ => Ok(()),
        }
    }
}

/// What one transaction published.
pub(crate) struct Batch {
    /// Since when there was something to publish.
    pub(crate) since: Instant,
    /// How many events.
    pub(crate) events: usize,
    /// How many of them this release cannot read.
    pub(crate) unreadable: u64,
}

impl Publishing {
    /// Takes the topics over, signs as the one who publishes now, and looks up to where they are. Topics that are somebody
    /// else's, as far as they show it before, are left alone.
    pub(crate) async fn begin(
        source: &mut Source,
        cluster: &Cluster,
        patience: Option<Duration>,
        waiting: &mut impl Waiting,
    ) -> Result<Self, Trouble> {
        topics::ensure(cluster).await?;
        let shown = CheckpointTopic::read(cluster).await?;
        if source.signature.takeover == 0 {
            source.predecessor = shown.last;
        }
        source.refuse_topics_of_others(cluster, &shown)?;
        if let Some(published) = &shown.published {
            look::of_this_log(published, cluster, &*source.log, &source.keys).await?;
        }
        let mut producer = Producer::new(cluster)?;
        wait_for(waiting, "to hand the topics over", patience, || producer.take_over()).await?;
        source.signature.takeover += 1;
        let signature = source.signature;
        commit(&mut producer, &[], &CheckpointRecord::Signature(signature), waiting).await?;
        let log = Arc::clone(&source.log);
        let found = look::confirmed(cluster, signature, &*log, &source.keys).await?;
        let (intake, published) = match found {
            Some(Confirmed { published, last: Some(last) }) => {
                let checkpoint = Checkpoint { position: last.position, mac: last.mac };
                let intake = Intake::after(&checkpoint, Arc::clone(&log), Arc::clone(&source.keys)).await?;
                (intake, Published { signature, ..published })
            }
            nothing_yet => {
                // Whoever began with these topics said from where.
                let from = nothing_yet.map_or(source.from, |found| Position::new(found.published.from));
                let before = Position::new(from.get().saturating_sub(1));
                let intake = Intake::behind(before, Arc::clone(&log), Arc::clone(&source.keys)).await?;
                (intake, Published::nothing(log.identity(), from, cluster.partitions(), signature))
            }
        };
        let reading = Reading::of(intake, Arc::clone(&log), Arc::clone(&source.keys));
        Ok(Self { log, producer, reading: ReadAhead::of(reading), published })
    }

    /// The position of the last event that was published.
    pub(crate) fn position(&self) -> Position {
        Position::new(self.published.position)
    }

    /// How many events are still to come, as the log tells now.
    pub(crate) async fn lag(&self) -> Result<u64, Trouble> {
        Ok(self.log.head().await?.since(self.position()))
    }

    /// Publishes what comes next, in one transaction; nothing where the log is quiet.
    pub(crate) async fn next(&mut self, waiting: &mut impl Waiting) -> Result<Batch, Trouble> {
        let events = self.reading.next().await?;
        let since = Instant::now();
        if !events.is_empty() {
            let published = self.published.clone().and(&events);
            commit(&mut self.producer, &events, &CheckpointRecord::Published(published.clone()), waiting)
                .await?;
            self.published = published;
        }
        let unreadable = events.iter().filter(|event| !event.readable).count();
        Ok(Batch { since, events: events.len(), unreadable: unreadable as u64 })
    }
}

/// One transaction: events, and what is to be said of them.
pub(crate) async fn commit(
    producer: &mut Producer,
    events: &[Outgoing],
    checkpoint: &CheckpointRecord,
    waiting: &mut impl Waiting,
) -> Result<(), Trouble> {
    const ROOM: &str = "to take what is to be published";
    producer.begin()?;
    for Outgoing { what_happened, facts, .. } in events {
        wait_for(waiting, ROOM, Some(COMMIT_PATIENCE), || producer.key_event(what_happened)).await?;
        if let Some(facts) = facts {
            wait_for(waiting, ROOM, Some(COMMIT_PATIENCE), || producer.key(facts)).await?;
        }
    }
    wait_for(waiting, ROOM, Some(COMMIT_PATIENCE), || producer.checkpoint(checkpoint)).await?;
    wait_for(waiting, "to commit", Some(COMMIT_PATIENCE), || producer.commit()).await
}

/// One transaction that tells that the log was restored: a record for each partition of events, keys that never were, keys
/// as they are, and from where it goes on.
pub(crate) async fn commit_records(
    producer: &mut Producer,
    events: &[(i32, Record)],
    keys: &[Record],
    gone: &[Record],
    checkpoint: &CheckpointRecord,
    waiting: &mut impl Waiting,
) -> Result<(), Trouble> {
    const ROOM: &str = "to take what is to be published";
    producer.begin()?;
    for (partition, record) in events {
        wait_for(waiting, ROOM, Some(COMMIT_PATIENCE), || producer.restored(*partition, record)).await?;
    }
    for record in gone {
        wait_for(waiting, ROOM, Some(COMMIT_PATIENCE), || producer.key_gone(record)).await?;
    }
    for record in keys {
        wait_for(waiting, ROOM, Some(COMMIT_PATIENCE), || producer.key(record)).await?;
    }
    wait_for(waiting, ROOM, Some(COMMIT_PATIENCE), || producer.checkpoint(checkpoint)).await?;
    wait_for(waiting, "to commit", Some(COMMIT_PATIENCE), || producer.commit()).await
}

/// Asks Kafka again and again until it is done, or for as long as `patience` says.
pub(crate) async fn wait_for(
    waiting: &mut impl Waiting,
    what: &str,
    patience: Option<Duration>,
    mut ask: impl FnMut() -> Result<Step, Trouble>,
) -> Result<(), Trouble> {
    let begun = Instant::now();
    while let Step::NotYet(complaint) = ask()? {
        let waited = begun.elapsed();
        if patience.is_some_and(|patience| waited >= patience) {
            return Err(Trouble::Passing(format!("Kafka takes too long {what}")));
        }
        waiting.waited(what, waited, complaint.as_deref()).await;
    }
    Ok(())
}

impl From<keyledger_event_log::ReadError> for Trouble {
    fn from(error: keyledger_event_log::ReadError) -> Self {
        keyledger_projectors::StopReason::from(error).into()
    }
}
