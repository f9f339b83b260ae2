use std::thread;
use std::time::Duration;

use rdkafka::producer::{BaseProducer, BaseRecord, Producer};

use super::{Broker, Record, committed};
use crate::within;

/// How long compaction may take on a busy machine; it usually takes about a second.
const COMPACTION: Duration = Duration::from_secs(60);

/// How long Kafka gets between two looks.
const PAUSE: Duration = Duration::from_millis(100);

impl Broker {
    /// Settings of a topic that [`compact`](Self::compact) can compact in about a second.
    pub const COMPACTED: &[(&str, &str)] =
        &[("cleanup.policy", "compact"), ("segment.ms", "100"), ("min.cleanable.dirty.ratio", "0.01")];

    /// Makes compaction of a topic really happen, and gives what is left, as [`committed`] does. The topic needs the
    /// settings [`COMPACTED`](Self::COMPACTED), and two records of one key in one partition.
    ///
    /// Kafka never compacts the segment that it writes to, and begins a new one only when something is written: so this
    /// writes to each partition, in transactions that it aborts, until there are fewer records than before. They show
    /// to those alone who read what is not committed.
    ///
    /// # Panics
    /// Where nothing is compacted.
    #[track_caller]
    pub fn compact(&self, topic: &str) -> Vec<Record> {
        let before = committed(self, topic).len();
        let mut config = self.inside();
        // An id of its own, so that compacting two topics at once is not taken for one producer that came back.
        config.set("transactional.id", format!("compaction of {topic}"));
        let producer: BaseProducer = config.create().expect("a producer");
        producer.init_transactions(COMPACTION).expect("transactions");
        let left = within(COMPACTION, || {
            self.append_and_abort(&producer, topic);
            thread::sleep(PAUSE);
            Some(committed(self, topic)).filter(|records| records.len() < before)
        });
        left.unwrap_or_else(|| panic!("none of the {before} records of {topic} goes away"))
    }

    fn append_and_abort(&self, producer: &BaseProducer, topic: &str) {
        producer.begin_transaction().expect("a transaction");
        for partition in 0..self.partitions(topic) {
            let record = BaseRecord::to(topic).partition(partition).key("compaction").payload("");
            producer.send(record).expect("room for a record");
        }
        producer.flush(COMPACTION).expect("the records arrive");
        producer.abort_transaction(COMPACTION).expect("it can be aborted");
    }
}
