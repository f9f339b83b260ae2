use std::collections::HashMap;

use keyledger_event_log::{LogIdentity, Position};
use rdkafka::message::{Message as _, OwnedMessage};
use sha2::{Digest as _, Sha256};

use super::{
    finding::{Finding, Findings, Place},
    partition::{Partition, Parts},
};
use crate::{Cluster, checkpoint::Published, record::Record, stop_reason::Trouble};

/// The compacted topic, read whole: of every key the last record, by a digest.
pub(super) struct Keys {
    last: HashMap<String, Last>,
    /// Up to here the topic was complete when it was read.
    complete_up_to: Position,
    /// How many keys it holds.
    pub(super) number: u64,
}

/// The last record of a key.
struct Last {
    position: Position,
    /// The life in which it was said.
    epoch: u32,
    digest: [u8; 32],
    place: Place,
    /// Whether it was told of already: compared, or found to be wrong.
    settled: bool,
}

impl Keys {
    pub(super) fn read(
        cluster: &Cluster,
        log: LogIdentity,
        published: &Published,
        findings: &mut Findings,
    ) -> Result<Self, Trouble> {
        let complete_up_to = Position::new(published.position);
        let mut last = HashMap::new();
        for number in 0..cluster.partitions() {
            let mut partition =
                Partition::open(cluster, cluster.topics().keys(), number, log, &published.lives)?;
            while let Some(read) = partition.next(findings)? {
                let key = String::from_utf8_lossy(Parts::of(&read.message).key).into_owned();
                if read.message.payload().is_none() {
                    last.remove(&key);
                    continue;
                }
                let (place, digest) = (partition.place(&read.message), digest_of(&read.message));
                let (position, epoch) = (read.position, read.epoch);
                last.insert(key, Last { position, epoch, digest, place, settled: false });
            }
        }
        let number = last.len() as u64;
        Ok(Self { last, complete_up_to, number })
    }

    /// The highest position that a record of it tells of.
    pub(super) fn newest(&self) -> Position {
        self.last.values().map(|last| last.position).max().unwrap_or_default()
    }

    /// Compares what a key is after an event with its last record. Events must come in the order of the log.
    pub(super) fn compare(&mut self, position: Position, expected: &Record, findings: &mut Findings) {
        let key_id = &expected.key;
        let Some(last) = self.last.get_mut(key_id) else {
            if position <= self.complete_up_to {
                findings.add(Finding::KeyMissing { key_id: key_id.clone() });
                let place = Place { topic: String::new(), partition: 0, offset: 0 };
                let told = Last { position: Position::MAX, epoch: 0, digest: [0; 32], place, settled: true };
                self.last.insert(key_id.clone(), told);
            }
            return;
        };
        if last.position == position {
            last.settled = true;
            // Where it was said anew after a restore, it bears that life.
            let said = [digest_of_record(expected), digest_of_record(&expected.again(last.epoch))];
            if !said.contains(&last.digest) {
                let (record, position) = (last.place.clone(), position.get());
                findings.add(Finding::Difference { record, position, what: "record".to_owned() });
            }
        } else if last.position < position && position <= self.complete_up_to {
            let (key_id, log) = (key_id.clone(), position.get());
            findings.add(Finding::KeyStale { key_id, position: last.position.get(), log });
            // Once is enough.
            last.position = Position::MAX;
            last.settled = true;
        }
    }

    /// Looks at what is left when every event was compared.
    pub(super) fn end(&self, findings: &mut Findings) {
        for last in self.last.values().filter(|last| !last.settled) {
            findings.add(Finding::Unknown { record: last.place.clone() });
        }
    }
}

fn digest_of(message: &OwnedMessage) -> [u8; 32] {
    let Parts { key, headers, body } = Parts::of(message);
    digest(key, headers, body)
}

fn digest_of_record(record: &Record) -> [u8; 32] {
    let headers = record.headers.iter().map(|(name, value)| (*name, value.as_bytes()));
    digest(record.key.as_bytes(), headers, &record.value)
}

fn digest<'a>(key: &[u8], headers: impl IntoIterator<Item = (&'a str, &'a [u8])>, body: &[u8]) -> [u8; 32] {
    let mut hasher = Sha256::new();
    let mut part = |bytes: &[u8]| {
        hasher.update((bytes.len() as u64).to_be_bytes());
        hasher.update(bytes);
    };
    part(key);
    part(body);
    for (name, value) in headers {
        part(name.as_bytes());
        part(value);
    }
    hasher.finalize().into()
}
