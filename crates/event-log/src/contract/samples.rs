use uuid::Uuid;

use crate::{Append, Lane, LogIdentity, NewEvent, Revision, StreamName};

/// The identity of every log under test.
#[must_use]
pub fn identity() -> LogIdentity {
    LogIdentity { log: Uuid::from_u128(0x10f), epoch: 1 }
}

/// The stream of a test with this number.
#[must_use]
pub fn stream(number: u64) -> StreamName {
    StreamName::new(format!("key-{number}"))
}

/// An event that differs from every other with another seed: bytes that are no UTF-8 are among them on purpose.
#[must_use]
pub fn event(seed: u64, revision: u64) -> NewEvent {
    NewEvent {
        id: Uuid::from_u128((u128::from(seed) << 64) | u128::from(revision) | 1 << 127),
        revision: Revision::new(revision),
        public: format!("{{\"seed\":{seed},\"revision\":{revision}}}").into_bytes(),
        private: vec![0, 255, (seed % 251) as u8],
        mac: vec![(revision % 251) as u8; 36],
    }
}

/// An append of `count` events to `stream(number)` from a revision on, with ids that follow from both.
#[must_use]
pub fn append(number: u64, from: u64, count: u64) -> Append {
    Append {
        stream: stream(number),
        events: (from..from + count).map(|revision| event(number, revision)).collect(),
        claims: Vec::new(),
        lane: Lane::Ordinary,
    }
}
