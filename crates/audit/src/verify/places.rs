use std::{
    collections::{HashMap, HashSet},
    hash::{BuildHasherDefault, Hasher},
};

use keyledger_domain::{
    Timestamp,
    envelope::{self, MacKeys, Parts},
};
use keyledger_event_log::{LogIdentity, RecordedEvent};
use uuid::Uuid;

use super::Finding;

/// Of how many events the ids are remembered. Of more it is left to revisions to show that one was repeated.
const IDS: usize = 16_000_000;

/// Checks events by themselves, and against those before them.
pub(super) struct Places {
    log: LogIdentity,
    epoch: u32,
    streams: HashMap<Uuid, Place, BuildHasherDefault<Folded>>,
    /// Those of streams that are no key's.
    others: HashMap<String, Place>,
    ids: HashSet<Uuid, BuildHasherDefault<Folded>>,
}

/// Where a stream stands.
#[derive(Clone, Copy)]
struct Place {
    next: u64,
    at: Timestamp,
}

impl Places {
    pub(super) fn new(log: LogIdentity) -> Self {
        Self { log, epoch: 0, streams: HashMap::default(), others: HashMap::new(), ids: HashSet::default() }
    }

    /// Checks the event that comes next; what is wrong with it is told to `found`. When it happened is returned, where it can
    /// be read.
    pub(super) fn check(
        &mut self,
        event: &RecordedEvent,
        keys: Option<&MacKeys>,
        found: &mut impl FnMut(Finding),
    ) -> Option<Timestamp> {
        let position = event.position.get();
        let parts = Parts {
            id: event.id,
            stream: event.stream.as_str(),
            revision: event.revision.get(),
            public: &event.public,
            private: &event.private,
            mac: &event.mac,
        };
        let read = match keys {
            Some(keys) => envelope::open(parts, self.log.log, keys),
            None => envelope::read(parts, self.log.log),
        };
        let mut happened = None;
        match read {
            Ok(read) => {
                happened = Some(read.occurred_at);
                if read.epoch > self.log.epoch {
                    let (epoch, log) = (read.epoch, self.log.epoch);
                    let why = format!("it is of epoch {epoch}, and this log lives in epoch {log}");
                    found(Finding::Unbelievable { position, why });
                } else if read.epoch < self.epoch {
                    found(Finding::EpochFell { position, found: read.epoch, before: self.epoch });
                } else {
                    self.epoch = read.epoch;
                }
            }
            Err(why) => found(Finding::Unbelievable { position, why: why.to_string() }),
        }
        self.follows(event, happened, found);
        if self.ids.len() < IDS && !self.ids.insert(event.id) {
            found(Finding::IdTwice { position });
        }
        happened
    }

    /// Whether it follows the event before it in its stream, by where the log holds it.
    fn follows(
        &mut self,
        event: &RecordedEvent,
        happened: Option<Timestamp>,
        found: &mut impl FnMut(Finding),
    ) {
        let (position, name, revision) = (event.position.get(), event.stream.as_str(), event.revision.get());
        let begun = || Place { next: 0, at: Timestamp::from_millis(0) };
        let place = match name.strip_prefix("key-").and_then(|id| Uuid::try_parse(id).ok()) {
            Some(key) => self.streams.entry(key).or_insert_with(begun),
            None => self.others.entry(name.to_owned()).or_insert_with(begun),
        };
        if revision != place.next {
            let (stream, expected) = (name.to_owned(), place.next);
            found(Finding::Revision { position, stream, found: revision, expected });
        }
        if let Some(happened) = happened {
            if happened < place.at {
                found(Finding::TimeFell { position, stream: name.to_owned() });
            }
            place.at = place.at.max(happened);
        }
        place.next = place.next.max(revision.saturating_add(1));
    }
}

/// Ids are random enough by themselves.
#[derive(Default)]
struct Folded(u64);

impl Hasher for Folded {
    fn write(&mut self, bytes: &[u8]) {
        for eight in bytes.chunks(8) {
            let mut number = [0; 8];
            number[..eight.len()].copy_from_slice(eight);
            self.0 =
                (self.0.rotate_left(29) ^ u64::from_le_bytes(number)).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        }
    }

    fn finish(&self) -> u64 {
        self.0
    }
}
