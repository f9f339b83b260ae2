use std::time::Duration;

use rdkafka::TopicPartitionList;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::KafkaError;
use rdkafka::message::{BorrowedMessage, Headers, Message};
use rdkafka::topic_partition_list::Offset;

use super::{Broker, cluster};
use crate::within;

/// How long a broker may take to answer on a busy machine before a test calls it silent.
const ANSWER: Duration = Duration::from_secs(30);

/// A record of a topic, as a consumer sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// Its partition.
    pub partition: i32,
    /// Its place there.
    pub offset: i64,
    /// Its key; empty where it has none.
    pub key: String,
    /// Its headers, in their order.
    pub headers: Vec<(String, String)>,
    /// Its value; empty where it has none.
    pub value: Vec<u8>,
}

impl Record {
    /// The first header of that name.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(header, _)| header == name).map(|(_, value)| value.as_str())
    }

    fn of(message: &BorrowedMessage<'_>) -> Self {
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).expect("keys and headers are UTF-8");
        let headers = message.headers().into_iter().flat_map(Headers::iter);
        Self {
            partition: message.partition(),
            offset: message.offset(),
            key: message.key().map(text).unwrap_or_default(),
            headers: headers
                .map(|header| (header.key.to_owned(), header.value.map(text).unwrap_or_default()))
                .collect(),
            value: message.payload().map(<[u8]>::to_vec).unwrap_or_default(),
        }
    }
}

/// Every record of a topic that a careful consumer is shown (`read_committed`): of each partition from its beginning to
/// its end, the partitions in their order. The end is before the first transaction that is still open.
///
/// # Panics
/// Where there is no such topic, or the broker falls silent.
#[must_use]
#[track_caller]
pub fn committed(broker: &Broker, topic: &str) -> Vec<Record> {
    read(broker, topic, "read_committed")
}

/// As [`committed`], once no transaction is open on the topic. Kafka says that one was committed before every partition of
/// it knows: who reads at once may be shown one topic without what another one shows already.
///
/// # Panics
/// As [`committed`], or where a transaction stays open.
#[must_use]
#[track_caller]
pub fn settled(broker: &Broker, topic: &str) -> Vec<Record> {
    let none_is_open = within(ANSWER, || (!transaction_is_open(broker, topic)).then_some(()));
    assert!(none_is_open.is_some(), "a transaction on {topic} stays open");
    committed(broker, topic)
}

/// Whether a topic holds something of a transaction that has not ended.
///
/// # Panics
/// As [`committed`].
#[must_use]
#[track_caller]
pub fn transaction_is_open(broker: &Broker, topic: &str) -> bool {
    let ends = |isolation: &str| {
        let mut config = broker.inside();
        config.set("isolation.level", isolation);
        let consumer: BaseConsumer = config.create().expect("a consumer");
        let end = |partition| consumer.fetch_watermarks(topic, partition, ANSWER).expect("an end").1;
        (0..broker.partitions(topic)).map(end).collect::<Vec<_>>()
    };
    ends("read_committed") != ends("read_uncommitted")
}

/// Every record of a topic, also those of transactions that were aborted or are open (`read_uncommitted`); in the order
/// of [`committed`].
///
/// # Panics
/// As [`committed`].
#[must_use]
#[track_caller]
pub fn uncommitted(broker: &Broker, topic: &str) -> Vec<Record> {
    read(broker, topic, "read_uncommitted")
}

#[track_caller]
fn read(broker: &Broker, topic: &str, isolation: &str) -> Vec<Record> {
    let mut config = broker.inside();
    config.set("group.id", "tests").set("enable.auto.commit", "false").set("enable.partition.eof", "true");
    config.set("isolation.level", isolation).set("fetch.wait.max.ms", "10");
    let consumer: BaseConsumer = config.create().expect("a consumer");
    let partitions = cluster::partitions_of(&consumer, topic);
    let mut all = TopicPartitionList::new();
    for partition in 0..partitions {
        all.add_partition_offset(topic, partition, Offset::Beginning).expect("an offset");
    }
    consumer.assign(&all).expect("an assignment");
    let (mut records, mut ends) = (Vec::new(), 0);
    while ends < partitions {
        match consumer.poll(ANSWER).unwrap_or_else(|| panic!("the end of {topic} does not come")) {
            Ok(message) => records.push(Record::of(&message)),
            Err(KafkaError::PartitionEOF(_)) => ends += 1,
            Err(error) => panic!("{topic} cannot be read: {error}"),
        }
    }
    records.sort_by_key(|record| (record.partition, record.offset));
    records
}
