use std::{sync::Arc, time::Duration};

use keyledger_event_log::{Checkpoint, EventLog, Position};
use keyledger_projectors::{Intake, MacKeysSource};

use crate::{
    Cluster, StopReason,
    checkpoint::{Published, Publisher, Signature, Word},
    look::{self, Confirmed, Said},
    producer::{Producer, Step},
    read_ahead::ReadAhead,
    reading::{Outgoing, Reading},
    stop_reason::Trouble,
    topics,
};

/// How long a transaction may take to be committed before the relay begins anew and looks what became of it. It is the
/// time after which the brokers give it up themselves.
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
    /// Who publishes, and how often it has signed the topics.
    pub(crate) signature: Signature,
}

impl Source {
    /// Refuses topics that somebody else works on: before anything is taken from them, as far as it shows.
    fn may_publish(&self, cluster: &Cluster, said: &Said) -> Result<(), StopReason> {
        let (prefix, own) = (cluster.topics().prefix(), self.signature);
        match said.last {
            Some(last) if own.takeover > 0 && last.relay != own.relay => {
                return Err(StopReason::Fenced { topics: format!("{prefix}.*"), by: last.relay });
            }
            Some(last) if own.by == Publisher::Replay && last.by == Publisher::Relay => {
                return Err(StopReason::Topics(format!(
                    "a relay publishes to the topics {prefix}.*: choose another --topic-prefix"
                )));
            }
            _ => {}
        }
        match &said.published {
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
    /// How many events.
    pub(crate) events: usize,
    /// How many of them this release cannot read.
    pub(crate) unreadable: u64,
}

impl Publishing {
    /// Takes the topics over, signs as the one who publishes now, and looks up to where they are.
    ///
    /// Before that, it looks who spoke last. One that has signed before, and finds somebody else, stops: a transaction that
    /// came to nothing does not say by itself that another relay took over, since the brokers end one in the same way that
    /// takes too long, as while they were away, or while this process slept.
    pub(crate) async fn begin(
        source: &mut Source,
        cluster: &Cluster,
        patience: Option<Duration>,
        waiting: &mut impl Waiting,
    ) -> Result<Self, Trouble> {
        topics::ensure(cluster).await?;
        source.may_publish(cluster, &look::said(cluster)?)?;
        let mut producer = Producer::new(cluster)?;
        wait_for(waiting, "to hand the topics over", patience, || producer.take_over()).await?;
        source.signature.takeover += 1;
        let signature = source.signature;
        commit(&mut producer, &[], &Word::Signature(signature), waiting).await?;
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
        if !events.is_empty() {
            let published = self.published.clone().and(&events);
            commit(&mut self.producer, &events, &Word::Published(published.clone()), waiting).await?;
            self.published = published;
        }
        let unreadable = events.iter().filter(|event| !event.readable).count();
        Ok(Batch { events: events.len(), unreadable: unreadable as u64 })
    }
}

/// One transaction: events, and what is to be said of them.
async fn commit(
    producer: &mut Producer,
    events: &[Outgoing],
    word: &Word,
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
    wait_for(waiting, ROOM, Some(COMMIT_PATIENCE), || producer.word(word)).await?;
    wait_for(waiting, "to commit what was published", Some(COMMIT_PATIENCE), || producer.commit()).await
}

/// Asks Kafka again and again until it is done, or for as long as `patience` says.
async fn wait_for(
    waiting: &mut impl Waiting,
    what: &str,
    patience: Option<Duration>,
    mut ask: impl FnMut() -> Result<Step, Trouble>,
) -> Result<(), Trouble> {
    let begun = tokio::time::Instant::now();
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
