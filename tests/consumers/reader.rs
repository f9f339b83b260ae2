use std::collections::HashSet;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context as _, bail};
use rdkafka::consumer::{BaseConsumer, Consumer as _};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::OwnedMessage;
use rdkafka::{ClientConfig, Offset, TopicPartitionList};

/// The two topics are told of a transaction one after the other: what one shows, the other may show a moment later. So
/// events are read from a while back, and those that the facts know already are passed over.
const LOOKING_BACK: Duration = Duration::from_secs(3600);

/// How long the brokers may take for an answer.
const ANSWER: Duration = Duration::from_secs(30);

/// Errors that waiting does not mend. The client gets over all others by itself.
const HOPELESS: &[RDKafkaErrorCode] = &[
    RDKafkaErrorCode::TopicAuthorizationFailed,
    RDKafkaErrorCode::Authentication,
    // The place to go on from is gone: records were kept for too short a time. Begin anew from the compacted topic.
    RDKafkaErrorCode::AutoOffsetReset,
    RDKafkaErrorCode::Fatal,
];

/// Reads topics as they were committed, without a group: where it is, is its own business.
pub(crate) struct Reader(BaseConsumer);

impl Reader {
    pub(crate) fn new(brokers: &str) -> anyhow::Result<Self> {
        let mut config = ClientConfig::new();
        config
            .set("bootstrap.servers", brokers)
            // It joins no group; the client wants a name all the same.
            .set("group.id", "keyledger-example")
            .set("enable.auto.commit", "false")
            .set("isolation.level", "read_committed")
            .set("auto.offset.reset", "error")
            .set("enable.partition.eof", "true");
        Ok(Self(config.create()?))
    }

    /// Where each partition of a topic begins.
    pub(crate) fn beginning(&self, topic: &str) -> anyhow::Result<TopicPartitionList> {
        self.places(topic, |_| Ok(Offset::Beginning))
    }

    /// Where the records of a while ago begin, or each partition ends now.
    pub(crate) fn a_while_ago(&self, topic: &str) -> anyhow::Result<TopicPartitionList> {
        // In this order: what comes between the two questions is found by the second.
        let ends = self.places(topic, |partition| {
            Ok(Offset::Offset(self.0.fetch_watermarks(topic, partition, ANSWER)?.1))
        })?;
        let moment = SystemTime::now().duration_since(UNIX_EPOCH)?.saturating_sub(LOOKING_BACK);
        let moment = Offset::Offset(i64::try_from(moment.as_millis())?);
        let found = self.0.offsets_for_times(self.places(topic, |_| Ok(moment))?, ANSWER)?;
        self.places(topic, |partition| {
            let of = |places: &TopicPartitionList| {
                places.find_partition(topic, partition).map(|place| place.offset())
            };
            let found = of(&found).filter(|offset| matches!(offset, Offset::Offset(_)));
            found.or_else(|| of(&ends)).context("a partition that was not there before")
        })
    }

    fn places(
        &self,
        topic: &str,
        place: impl Fn(i32) -> anyhow::Result<Offset>,
    ) -> anyhow::Result<TopicPartitionList> {
        let metadata = self.0.fetch_metadata(Some(topic), ANSWER).context("Kafka does not answer")?;
        let found = metadata.topics().iter().find(|found| found.name() == topic);
        let partitions = found.map(|found| found.partitions()).unwrap_or_default();
        anyhow::ensure!(!partitions.is_empty(), "there is no topic {topic}");
        let mut places = TopicPartitionList::new();
        for partition in partitions {
            places.add_partition_offset(topic, partition.id(), place(partition.id())?)?;
        }
        Ok(places)
    }

    /// Gives every record from these places on to `take`; with `until_end`, up to where each partition ends.
    pub(crate) fn read(
        &self,
        start: &TopicPartitionList,
        until_end: bool,
        mut take: impl FnMut(OwnedMessage) -> anyhow::Result<()>,
    ) -> anyhow::Result<()> {
        self.0.assign(start)?;
        let mut open: HashSet<_> = start.elements().iter().map(|place| place.partition()).collect();
        while !(until_end && open.is_empty()) {
            match self.0.poll(Duration::from_secs(1)) {
                None => {}
                Some(Ok(record)) => take(record.detach())?,
                Some(Err(KafkaError::PartitionEOF(partition))) => {
                    open.remove(&partition);
                }
                Some(Err(error))
                    if error.rdkafka_error_code().is_some_and(|code| HOPELESS.contains(&code)) =>
                {
                    bail!("cannot read from Kafka: {error}");
                }
                Some(Err(error)) => eprintln!("going on after: {error}"),
            }
        }
        Ok(())
    }
}
