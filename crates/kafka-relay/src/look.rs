use std::time::Duration;

use keyledger_event_log::{EventLog, LogIdentity, Position};
use keyledger_projectors::{CheckedEvent, MacKeysSource};
use rdkafka::{
    Offset, TopicPartitionList,
    consumer::{BaseConsumer, Consumer as _},
    error::KafkaError,
    message::{Headers as _, Message, OwnedMessage},
};
use tokio::time::Instant;

use crate::{
    Cluster, StopReason,
    checkpoint::{Published, PublishedEvent},
    client_context::Context,
    cloud_event::{POSITION, SOURCE, source},
    stop_reason::{Trouble, cannot_reach},
};

/// How long Kafka may take to show the end of a topic.
const PATIENCE: Duration = Duration::from_secs(10);

/// How long is waited before the end of a topic is read once more.
const MOMENT: Duration = Duration::from_millis(300);

/// How long one question to the client may take.
const STEP: Duration = Duration::from_millis(100);

/// How many offsets before the end are read at first: a transaction ends with a marker, and the checkpoint topic has one
/// record for each.
const TAIL: i64 = 64;

/// The end of one partition.
pub(crate) struct Tail {
    /// Whether anything was ever written to it.
    pub(crate) was_written: bool,
    /// The last record that was committed and is still there.
    pub(crate) last: Option<OwnedMessage>,
}

/// What the checkpoint topic says; none where nothing was ever published.
pub(crate) fn published(cluster: &Cluster, ends: &Ends) -> Result<Option<Published>, Trouble> {
    let topic = cluster.topics().checkpoint();
    let Some(last) = ends.tail(topic, 0)?.last else { return Ok(None) };
    let published = last.payload().and_then(Published::from_bytes);
    published.map(Some).ok_or_else(|| {
        Trouble::Stop(StopReason::Topics(format!(
            "the last record of the topic {topic} is no checkpoint of this release: run the release that wrote it or a later one, \
             or publish to other topics with kafka.topic_prefix"
        )))
    })
}

/// What the topics say, and the event that they say they end with, as the log holds it.
pub(crate) struct Confirmed {
    pub(crate) published: Published,
    /// None where nothing was published yet.
    pub(crate) last: Option<CheckedEvent>,
}

/// Where the publishing of `log` goes on: what the topics say, where the log bears it out.
pub(crate) async fn confirmed(
    cluster: &Cluster,
    log: &dyn EventLog,
    keys: &MacKeysSource,
) -> Result<Option<Confirmed>, Trouble> {
    let (topics, own) = (cluster.topics(), log.identity());
    let ends = Ends::of(cluster)?;
    let published = published(cluster, &ends)?;
    let last = match &published {
        None => None,
        Some(published) => of_this_log(published, cluster, log, keys).await?,
    };
    for topic in [topics.key_events(), topics.keys()] {
        must_end_there(cluster, &ends, topic, own, published.as_ref()).await?;
    }
    Ok(published.map(|published| Confirmed { published, last }))
}

/// The event that was published last, as the log holds it.
async fn of_this_log(
    published: &Published,
    cluster: &Cluster,
    log: &dyn EventLog,
    keys: &MacKeysSource,
) -> Result<Option<CheckedEvent>, Trouble> {
    let (topic, own) = (cluster.topics().checkpoint().to_owned(), log.identity());
    if (published.log, published.epoch) != (own.log, own.epoch) {
        let (log, epoch, own_log, own_epoch) = (published.log, published.epoch, own.log, own.epoch);
        return Err(StopReason::AnotherLog { topic, log, epoch, own_log, own_epoch }.into());
    }
    if published.partitions != cluster.partitions() {
        return Err(Trouble::Stop(StopReason::Topics(format!(
            "events were published to {} partitions, and now there are {}: the order within a key would be lost. Publish to other topics \
             with kafka.topic_prefix",
            published.partitions,
            cluster.partitions()
        ))));
    }
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

/// Refuses a topic that does not end where the checkpoint says.
async fn must_end_there(
    cluster: &Cluster,
    ends: &Ends,
    topic: &str,
    log: LogIdentity,
    published: Option<&Published>,
) -> Result<(), Trouble> {
    let up_to = published.map(|published| published.position);
    let refuse = |why: String| Err(Trouble::Stop(StopReason::Topics(why)));
    let checkpoint = cluster.topics().checkpoint();
    let (mut expired, mut greatest) = (false, None);
    for partition in 0..cluster.partitions() {
        // Whoever wants the relay to end need not wait for all of them.
        tokio::task::yield_now().await;
        let tail = ends.tail(topic, partition)?;
        let Some(last) = tail.last else {
            // What was there is kept for a time only.
            expired |= tail.was_written;
            continue;
        };
        let header = |name| header(&last, name);
        let position = header(POSITION).and_then(|text| text.parse::<u64>().ok());
        let Some(position) = position.filter(|_| header(SOURCE) == Some(&source(log))) else {
            return refuse(format!(
                "the topic {topic} holds records that are not of this log: publish to other topics with kafka.topic_prefix"
            ));
        };
        greatest = greatest.max(Some(position));
        if up_to.is_none_or(|up_to| position > up_to) {
            return refuse(format!(
                "the topic {topic} holds position {position}, which the topic {checkpoint} does not know of: a topic was deleted, or something \
                 else writes to it. Publish to other topics with kafka.topic_prefix"
            ));
        }
    }
    let Some(published) = published else { return Ok(()) };
    // Of events some may be kept for a time only; of facts the last ones stay.
    let (says, kept_for_ever) = if topic == cluster.topics().keys() {
        (published.facts, true)
    } else {
        (published.event.as_ref().map_or(0, |_| published.position), false)
    };
    let ends_at = greatest.unwrap_or(0);
    if ends_at != says && (kept_for_ever || !expired) {
        return refuse(format!(
            "the topic {topic} ends at position {ends_at}, and {checkpoint} says that everything up to {says} was published to it: it was made \
             anew, or records were lost. Publish to other topics with kafka.topic_prefix"
        ));
    }
    Ok(())
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
pub(crate) struct Ends(BaseConsumer<Context>);

impl Ends {
    pub(crate) fn of(cluster: &Cluster) -> Result<Self, Trouble> {
        Ok(Self(cluster.consumer().create_with_context(Context::default()).map_err(cannot_reach)?))
    }

    /// Reads the end of a partition, further and further back until there is a record.
    fn tail(&self, topic: &str, partition: i32) -> Result<Tail, Trouble> {
        // A client that has not asked for the topic learns of it only with its next round of questions.
        self.0.fetch_metadata(Some(topic), PATIENCE).map_err(cannot_reach)?;
        let (low, high) = self.0.fetch_watermarks(topic, partition, PATIENCE).map_err(cannot_reach)?;
        let (mut reach, mut settled) = (TAIL, None);
        loop {
            let start = low.max(high.saturating_sub(reach));
            let last = self.last_from(topic, partition, start)?;
            let reached = last.as_ref().map_or(low, |last| last.offset() + 2);
            // Behind the last record stands the marker of its transaction, and then the end. Where there is more, it may be
            // of transactions that came to nothing, or a replica that does not know all yet has told of an end too early.
            let found = Some(last.as_ref().map(Message::offset));
            if reached < high && found != settled {
                settled = found;
                std::thread::sleep(MOMENT);
                continue;
            }
            if last.is_some() || start == low {
                return Ok(Tail { was_written: high > 0, last });
            }
            reach = reach.saturating_mul(16);
        }
    }

    /// The last committed record from an offset on.
    fn last_from(&self, topic: &str, partition: i32, start: i64) -> Result<Option<OwnedMessage>, Trouble> {
        let mut assignment = TopicPartitionList::new();
        let added = assignment.add_partition_offset(topic, partition, Offset::Offset(start));
        added.and_then(|()| self.0.assign(&assignment)).map_err(cannot_reach)?;
        let (mut last, mut error) = (None, None);
        let deadline = Instant::now() + PATIENCE;
        while Instant::now() < deadline {
            match self.0.poll(STEP) {
                Some(Ok(message)) if message.topic() == topic && message.partition() == partition => {
                    last = Some(message.detach());
                }
                // What was asked for before may still be on its way.
                Some(Ok(_)) | None => {}
                Some(Err(KafkaError::PartitionEOF(ended))) if ended == partition => return Ok(last),
                // The client goes on trying by itself.
                Some(Err(passing)) => error = Some(passing),
            }
        }
        Err(cannot_show(topic, error))
    }
}
