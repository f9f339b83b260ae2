use std::time::Duration;

use keyledger_event_log::{EventLog, LogIdentity, Position};
use keyledger_projectors::{CheckedEvent, MacKeysSource};
use rdkafka::{
    Offset, TopicPartitionList,
    consumer::{BaseConsumer, Consumer as _},
    error::KafkaError,
    message::{Headers as _, Message, OwnedMessage},
};
use tokio::{
    task::yield_now,
    time::{Instant, sleep},
};

use crate::{
    Cluster, StopReason,
    checkpoint::{CheckpointRecord, Published, PublishedEvent, Signature},
    client_context::Context,
    cloud_event::{POSITION, SOURCE, source},
    stop_reason::{Trouble, cannot_reach},
};

/// How long Kafka may take to show the end of a topic.
const PATIENCE: Duration = Duration::from_secs(10);

/// How long is waited before the end of a topic is read once more.
const MOMENT: Duration = Duration::from_millis(300);

/// How long is waited before the end is looked at again for what was committed a moment ago.
const NEXT_LOOK: Duration = Duration::from_millis(20);

/// How long brokers may take for one answer. Whoever wants the relay to end waits for it.
const QUESTION: Duration = Duration::from_secs(3);

/// How long one question to the client may take.
const STEP: Duration = Duration::from_millis(100);

/// How many offsets before the end are read at first: a transaction ends with a marker, and the checkpoint topic has one
/// record for each.
const TAIL: i64 = 64;

/// The end of one partition.
#[derive(Default)]
struct Tail {
    /// The last record that was committed and is still there.
    last: Option<OwnedMessage>,
    /// The last one with the key of a checkpoint.
    checkpoint: Option<OwnedMessage>,
    /// The offset behind everything.
    end: i64,
}

/// What the checkpoint topic says.
pub(crate) struct CheckpointTopic {
    /// Who wrote to it last; none where nobody ever did.
    pub(crate) last: Option<Signature>,
    /// Up to where was published.
    pub(crate) published: Option<Published>,
}

impl CheckpointTopic {
    /// What it says, as far as the brokers show it now.
    pub(crate) async fn read(cluster: &Cluster) -> Result<Self, Trouble> {
        Self::of(cluster, &Ends::of(cluster)?.settled_checkpoints(cluster).await?)
    }

    /// What it said before this signature, which was committed: all of it, since who signed had taken the topics over
    /// before. A broker that does not show the signature yet may not show all that stands before it either.
    async fn read_before(cluster: &Cluster, ends: &Ends, signature: Signature) -> Result<Self, Trouble> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let found = Self::of(cluster, &ends.checkpoints(cluster).await?)?;
            if found.last == Some(signature) {
                return Ok(found);
            }
            if Instant::now() >= deadline {
                return Err(cannot_show(cluster.topics().checkpoint(), None));
            }
            sleep(NEXT_LOOK).await;
        }
    }

    fn of(cluster: &Cluster, tail: &Tail) -> Result<Self, Trouble> {
        let read = |record: &OwnedMessage| CheckpointRecord::from_record(record.key()?, record.payload()?);
        let known = |record: &OwnedMessage| {
            read(record).ok_or_else(|| {
                Trouble::Stop(StopReason::Topics(format!(
                    "the topic {} holds a record that is no checkpoint of this release: run the release that wrote it or a later one, or publish \
                     to other topics with kafka.topic_prefix",
                    cluster.topics().checkpoint()
                )))
            })
        };
        let last = tail.last.as_ref().map(known).transpose()?.map(|record| record.signature());
        let published = match tail.checkpoint.as_ref().map(known).transpose()? {
            Some(CheckpointRecord::Published(published)) => Some(published),
            Some(CheckpointRecord::Signature(_)) | None => None,
        };
        Ok(Self { last, published })
    }
}

/// What the topics say, and the event that they say they end with, as the log holds it.
pub(crate) struct Confirmed {
    pub(crate) published: Published,
    /// None where nothing was published yet.
    pub(crate) last: Option<CheckedEvent>,
}

/// Where the publishing of `log` goes on for whoever signed: what the topics say, where the log bears it out.
pub(crate) async fn confirmed(
    cluster: &Cluster,
    signature: Signature,
    log: &dyn EventLog,
    keys: &MacKeysSource,
) -> Result<Option<Confirmed>, Trouble> {
    let (topics, own) = (cluster.topics(), log.identity());
    let ends = Ends::of(cluster)?;
    let published = CheckpointTopic::read_before(cluster, &ends, signature).await?.published;
    let last = match &published {
        None => None,
        Some(published) => of_this_log(published, cluster, log, keys).await?,
    };
    for topic in [topics.key_events(), topics.keys()] {
        must_end_there(cluster, &ends, topic, own, published.as_ref()).await?;
    }
    Ok(published.map(|published| Confirmed { published, last }))
}

/// What the checkpoint topic said before whoever signed took the topics over; see [`confirmed`].
pub(crate) async fn signed(cluster: &Cluster, signature: Signature) -> Result<Option<Published>, Trouble> {
    Ok(CheckpointTopic::read_before(cluster, &Ends::of(cluster)?, signature).await?.published)
}

/// The event that was published last, as the log holds it.
pub(crate) async fn of_this_log(
    published: &Published,
    cluster: &Cluster,
    log: &dyn EventLog,
    keys: &MacKeysSource,
) -> Result<Option<CheckedEvent>, Trouble> {
    let (topic, own) = (cluster.topics().checkpoint().to_owned(), log.identity());
    must_be_of(published, topic.clone(), own)?;
    must_have_partitions(published, cluster)?;
    must_be_held(published, &topic, log, keys).await
}

/// Refuses topics of another log, or of another life of it.
pub(crate) fn must_be_of(published: &Published, topic: String, own: LogIdentity) -> Result<(), StopReason> {
    let (log, epoch, own_log, own_epoch) = (published.log, published.epoch, own.log, own.epoch);
    if (log, epoch) == (own_log, own_epoch) {
        Ok(())
    } else if log == own_log && epoch < own_epoch {
        Err(StopReason::Restored { topic, epoch, own_epoch })
    } else {
        Err(StopReason::AnotherLog { topic, log, epoch, own_log, own_epoch })
    }
}

/// Refuses topics whose partitions are not those that events were published to.
pub(crate) fn must_have_partitions(published: &Published, cluster: &Cluster) -> Result<(), StopReason> {
    if published.partitions != cluster.partitions() {
        return Err(StopReason::Topics(format!(
            "events were published to {} partitions, and now there are {}: the order within a key would be lost. Publish to other topics \
             with kafka.topic_prefix",
            published.partitions,
            cluster.partitions()
        )));
    }
    Ok(())
}

/// The event that was published last, as the log holds it; refuses a log that does not.
pub(crate) async fn must_be_held(
    published: &Published,
    topic: &str,
    log: &dyn EventLog,
    keys: &MacKeysSource,
) -> Result<Option<CheckedEvent>, Trouble> {
    let (topic, own) = (topic.to_owned(), log.identity());
    let Some(event) = &published.event else { return Ok(None) };
    let position = Position::new(published.position);
    let before = Position::new(published.position.saturating_sub(1));
    let found = log.read(before, 1).await.map_err(keyledger_projectors::StopReason::from)?;
    let Some(found) = found.into_iter().find(|found| found.position == position) else {
        let head = log.head().await.map_err(keyledger_projectors::StopReason::from)?;
        if head < position {
            return Err(StopReason::Ahead { topic, published: position, head }.into());
        }
        return Err(StopReason::Different { topic, position }.into());
    };
    let found = CheckedEvent::open(found, &keys(), own).map_err(keyledger_projectors::StopReason::from)?;
    if PublishedEvent::of(found.event.id, &found.public) != *event {
        return Err(StopReason::Different { topic, position }.into());
    }
    Ok(Some(found))
}

/// Refuses a topic that does not end where the checkpoint says. One that seems to end before that is looked at again for
/// a while: a broker may not show its end yet.
async fn must_end_there(
    cluster: &Cluster,
    ends: &Ends,
    topic: &str,
    log: LogIdentity,
    published: Option<&Published>,
) -> Result<(), Trouble> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let End { greatest, expired } = end_of(cluster, ends, topic, log, published).await?;
        let Some(published) = published else { return Ok(()) };
        // Of events some may be kept for a time only; of facts the last ones stay.
        let (says, kept_for_ever) = if topic == cluster.topics().keys() {
            (published.facts, true)
        } else {
            (published.event.as_ref().map_or(0, |_| published.position), false)
        };
        if greatest == says || (expired && !kept_for_ever) {
            return Ok(());
        }
        if Instant::now() >= deadline {
            return Err(Trouble::Stop(StopReason::Topics(format!(
                "the topic {topic} ends at position {greatest}, and {} says that everything up to {says} was published to it: it was made \
                 anew, or records were lost. Publish to other topics with kafka.topic_prefix",
                cluster.topics().checkpoint()
            ))));
        }
        sleep(MOMENT).await;
    }
}

/// The end of a topic, over its partitions.
struct End {
    /// The greatest position that a last record tells of; 0 where there is none.
    greatest: u64,
    /// Whether a partition held records, and does no more.
    expired: bool,
}

/// Where a topic ends; refuses one that holds what the checkpoint does not know.
async fn end_of(
    cluster: &Cluster,
    ends: &Ends,
    topic: &str,
    log: LogIdentity,
    published: Option<&Published>,
) -> Result<End, Trouble> {
    let up_to = published.map(|published| published.position);
    let refuse = |why: String| Err(Trouble::Stop(StopReason::Topics(why)));
    let mut end = End { greatest: 0, expired: false };
    for partition in 0..cluster.partitions() {
        let tail = ends.tail(topic, partition, |tail| tail.last.is_some()).await?;
        let Some(last) = tail.last else {
            // What was there is kept for a time only.
            end.expired |= tail.end > 0;
            continue;
        };
        let header = |name| header(&last, name);
        let position = header(POSITION).and_then(|text| text.parse::<u64>().ok());
        let Some(position) = position.filter(|_| header(SOURCE) == Some(&source(log))) else {
            return refuse(format!(
                "the topic {topic} holds records that are not of this log: publish to other topics with kafka.topic_prefix"
            ));
        };
        end.greatest = end.greatest.max(position);
        if up_to.is_none_or(|up_to| position > up_to) {
            return refuse(format!(
                "the topic {topic} holds position {position}, which the topic {} does not know of: a topic was deleted, or something \
                 else writes to it. Publish to other topics with kafka.topic_prefix",
                cluster.topics().checkpoint()
            ));
        }
    }
    Ok(end)
}

/// What is said where the records of a topic did not come in time.
pub(crate) fn cannot_show(topic: &str, error: Option<KafkaError>) -> Trouble {
    let why = error.map(|error| format!(": {error}")).unwrap_or_default();
    Trouble::Passing(format!("Kafka does not show the records of the topic {topic}{why}"))
}

/// A header's text; none where it is missing, stands twice or is no text.
pub(crate) fn header<'a>(message: &'a OwnedMessage, name: &str) -> Option<&'a str> {
    let headers = message.headers()?;
    let mut found = headers.iter().filter(|header| header.key == name);
    let (first, second) = (found.next()?, found.next());
    if second.is_some() {
        return None;
    }
    std::str::from_utf8(first.value?).ok()
}

/// Whoever reads the ends of topics.
struct Ends(BaseConsumer<Context>);

impl Ends {
    fn of(cluster: &Cluster) -> Result<Self, Trouble> {
        Ok(Self(cluster.consumer().create_with_context(Context::default()).map_err(cannot_reach)?))
    }

    /// The end of the checkpoint topic, where nothing says whether it is all of it. Behind the last record stands the marker of
    /// its transaction, and then the end. Where there is more, it may be of transactions that came to nothing, or a replica
    /// that does not know all yet has told of an end too early: then two looks have to agree.
    async fn settled_checkpoints(&self, cluster: &Cluster) -> Result<Tail, Trouble> {
        let mut before = None;
        loop {
            let tail = self.checkpoints(cluster).await?;
            let last = tail.last.as_ref().map(Message::offset);
            if last.map_or(0, |last| last + 2) >= tail.end || before == Some(last) {
                return Ok(tail);
            }
            before = Some(last);
            sleep(MOMENT).await;
        }
    }

    /// The end of the checkpoint topic.
    async fn checkpoints(&self, cluster: &Cluster) -> Result<Tail, Trouble> {
        self.tail(cluster.topics().checkpoint(), 0, |tail| tail.checkpoint.is_some()).await
    }

    /// Reads the end of a partition, further and further back until it is enough, or there is no more.
    async fn tail(
        &self,
        topic: &str,
        partition: i32,
        enough: impl Fn(&Tail) -> bool,
    ) -> Result<Tail, Trouble> {
        // A client that has not asked for the topic learns of it only with its next round of questions.
        self.0.fetch_metadata(Some(topic), QUESTION).map_err(cannot_reach)?;
        yield_now().await;
        let (low, end) = self.0.fetch_watermarks(topic, partition, QUESTION).map_err(cannot_reach)?;
        let mut reach = TAIL;
        loop {
            let start = low.max(end.saturating_sub(reach));
            let tail = Tail { end, ..self.read_from(topic, partition, start).await? };
            if enough(&tail) || start == low {
                return Ok(tail);
            }
            reach = reach.saturating_mul(16);
        }
    }

    /// Reads the committed records from an offset on.
    async fn read_from(&self, topic: &str, partition: i32, start: i64) -> Result<Tail, Trouble> {
        let mut assignment = TopicPartitionList::new();
        let added = assignment.add_partition_offset(topic, partition, Offset::Offset(start));
        added.and_then(|()| self.0.assign(&assignment)).map_err(cannot_reach)?;
        let (mut tail, mut error) = (Tail::default(), None);
        let mut heard = Instant::now();
        while heard.elapsed() < PATIENCE {
            // Whoever wants the relay to end need not wait for all of it.
            yield_now().await;
            match self.0.poll(STEP) {
                Some(Ok(message)) if message.topic() == topic && message.partition() == partition => {
                    heard = Instant::now();
                    let message = message.detach();
                    if message.key() == Some(CheckpointRecord::PUBLISHED.as_bytes()) {
                        tail.checkpoint = Some(message.clone());
                    }
                    tail.last = Some(message);
                }
                // What was asked for before may still be on its way.
                Some(Ok(_)) | None => {}
                Some(Err(KafkaError::PartitionEOF(ended))) if ended == partition => return Ok(tail),
                // The client goes on trying by itself.
                Some(Err(passing)) => error = Some(passing),
            }
        }
        Err(cannot_show(topic, error))
    }
}
