use std::time::Duration;

use keyledger_event_log::{LogIdentity, Position};
use rdkafka::{
    Offset, TopicPartitionList,
    consumer::{BaseConsumer, Consumer as _},
    error::KafkaError,
    message::{Headers as _, Message as _, OwnedMessage},
};
use tokio::time::Instant;

use super::finding::{Finding, Findings, Place};
use crate::{
    Cluster,
    client_context::Context,
    cloud_event::{EPOCH, POSITION, SOURCE, source},
    lives::{Life, RESTORED, undone},
    look::{cannot_show, header},
    record::Record,
    stop_reason::{Trouble, cannot_reach},
};

/// How long Kafka may take for the next record.
const PATIENCE: Duration = Duration::from_secs(30);

/// One partition, read from its first record to its end as a consumer reads it.
pub(crate) struct Partition {
    consumer: BaseConsumer<Context>,
    topic: String,
    number: i32,
    source: String,
    /// Whether records at its beginning are gone.
    pub(super) expired: bool,
    /// The lives that ended while the topic was filled.
    lives: Vec<Life>,
    /// The highest life and position that were read, and how many were.
    last: Option<(u32, Position)>,
    given: u64,
}

/// A record that tells of a position.
pub(super) struct Read {
    /// The life in which it was said.
    pub(super) epoch: u32,
    pub(super) position: Position,
    pub(super) message: OwnedMessage,
}

impl Partition {
    pub(crate) fn open(
        cluster: &Cluster,
        topic: &str,
        number: i32,
        log: LogIdentity,
        lives: &[Life],
    ) -> Result<Self, Trouble> {
        let mut config = cluster.consumer();
        // Every partition has a reader of its own, and none may hold much.
        config.set("queued.max.messages.kbytes", "4096");
        let consumer: BaseConsumer<Context> =
            config.create_with_context(Context::default()).map_err(cannot_reach)?;
        let (low, _) = consumer.fetch_watermarks(topic, number, PATIENCE).map_err(cannot_reach)?;
        let mut assignment = TopicPartitionList::new();
        let added = assignment.add_partition_offset(topic, number, Offset::Offset(low));
        added.and_then(|()| consumer.assign(&assignment)).map_err(cannot_reach)?;
        let (topic, source, lives) = (topic.to_owned(), source(log), lives.to_vec());
        Ok(Self { consumer, topic, number, source, expired: low > 0, lives, last: None, given: 0 })
    }

    /// The next record that tells of a position, in its order; none at the end. What is none, and what is out of order, is
    /// added to `findings` and passed over.
    pub(super) fn next(&mut self, findings: &mut Findings) -> Result<Option<Read>, Trouble> {
        while let Some(message) = self.poll()? {
            let record = self.place(&message);
            let position = header(&message, POSITION).and_then(|text| text.parse::<u64>().ok());
            let epoch = header(&message, EPOCH).and_then(|text| text.parse::<u32>().ok()).unwrap_or_default();
            let ours = header(&message, SOURCE) == Some(&self.source);
            let Some(position) = position.filter(|_| ours).map(Position::new) else {
                findings.add(Finding::Unknown { record });
                continue;
            };
            if header(&message, "ce_type") == Some(RESTORED) {
                let is_one = |life: &Life| (life.next, life.up_to) == (epoch, position.get());
                if !self.lives.iter().any(is_one) {
                    findings.add(Finding::Unknown { record });
                }
                continue;
            }
            // What never happened in the present life was told of in the one that it happened in.
            if undone(&self.lives, epoch, position) {
                continue;
            }
            if message.payload().is_none() {
                return Ok(Some(Read { epoch, position, message }));
            }
            match self.last {
                Some(last) if last == (epoch, position) => {
                    findings.add(Finding::Duplicate { record, position: position.get() });
                }
                Some(last) if last > (epoch, position) => {
                    findings.add(Finding::Order { record, position: position.get() });
                }
                _ => {
                    self.last = Some((epoch, position));
                    self.given += 1;
                    return Ok(Some(Read { epoch, position, message }));
                }
            }
        }
        Ok(None)
    }

    /// Whether it has given a record; one that `waits` to be compared does not count.
    pub(super) fn gave_any(&self, waits: bool) -> bool {
        self.given > u64::from(waits)
    }

    pub(super) fn place(&self, message: &OwnedMessage) -> Place {
        Place { topic: self.topic.clone(), partition: self.number, offset: message.offset() }
    }

    /// The next record, whatever it is; none at the end.
    pub(crate) fn record(&mut self) -> Result<Option<OwnedMessage>, Trouble> {
        self.poll()
    }

    fn poll(&self) -> Result<Option<OwnedMessage>, Trouble> {
        let mut error = None;
        let deadline = Instant::now() + PATIENCE;
        while Instant::now() < deadline {
            match self.consumer.poll(Duration::from_millis(100)) {
                Some(Ok(message)) => return Ok(Some(message.detach())),
                Some(Err(KafkaError::PartitionEOF(_))) => return Ok(None),
                // The client goes on trying by itself.
                Some(Err(passing)) => error = Some(passing),
                None => {}
            }
        }
        Err(cannot_show(&self.topic, error))
    }
}

/// What a record is made of.
pub(super) struct Parts<'a> {
    pub(super) key: &'a [u8],
    pub(super) headers: Vec<(&'a str, &'a [u8])>,
    pub(super) body: &'a [u8],
}

impl<'a> Parts<'a> {
    pub(super) fn of(message: &'a OwnedMessage) -> Self {
        let headers = message.headers().map_or_else(Vec::new, |headers| {
            headers.iter().map(|header| (header.key, header.value.unwrap_or_default())).collect()
        });
        Self { key: message.key().unwrap_or_default(), headers, body: message.payload().unwrap_or_default() }
    }
}

/// What of a message is not as the record says: `key`, `body`, or the name of a header; none where all of it is.
pub(super) fn difference(message: &OwnedMessage, expected: &Record) -> Option<String> {
    let Parts { key, headers, body } = Parts::of(message);
    if key != expected.key.as_bytes() {
        return Some("key".to_owned());
    }
    if body != expected.value {
        return Some("body".to_owned());
    }
    let mut wanted = expected.headers.iter();
    for (name, value) in headers {
        match wanted.next() {
            Some((wanted, text)) if *wanted == name && text.as_bytes() == value => {}
            Some((wanted, _)) => return Some((*wanted).to_owned()),
            None => return Some(name.to_owned()),
        }
    }
    wanted.next().map(|(name, _)| (*name).to_owned())
}
