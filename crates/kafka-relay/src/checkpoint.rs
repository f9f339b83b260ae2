use keyledger_event_log::{LogIdentity, Position};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use crate::reading::Outgoing;

/// The key of every record of the checkpoint topic, so that the last one stays.
pub(crate) const KEY: &str = "checkpoint";

/// Up to where a log was published. It is committed with the records it speaks of, and holds nothing that is not public.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Published {
    /// Which log.
    pub(crate) log: Uuid,
    /// Which life of it.
    pub(crate) epoch: u32,
    /// The position of the last event that was published; 0 before the first.
    pub(crate) position: u64,
    /// That event; none before the first.
    pub(crate) event: Option<PublishedEvent>,
    /// The position of the last event after which the facts of a key were published; 0 before the first.
    pub(crate) facts: u64,
    /// The position of the first event that was, or is to be, published.
    pub(crate) from: u64,
    /// How many partitions each topic of events has; a key's place depends on it.
    pub(crate) partitions: i32,
    /// The relay that published it, by the id it drew when it started.
    pub(crate) relay: Uuid,
}

/// What tells one event from every other.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PublishedEvent {
    /// Its id.
    pub(crate) id: Uuid,
    /// SHA-256 of its public part, in hexadecimal.
    pub(crate) sha256: String,
}

impl PublishedEvent {
    pub(crate) fn of(id: Uuid, public: &[u8]) -> Self {
        Self { id, sha256: hex::encode(Sha256::digest(public)) }
    }
}

impl Published {
    /// Nothing yet, from a position on.
    pub(crate) fn nothing(log: LogIdentity, from: Position, partitions: i32, relay: Uuid) -> Self {
        Self {
            log: log.log,
            epoch: log.epoch,
            position: from.get().saturating_sub(1),
            event: None,
            facts: 0,
            from: from.get(),
            partitions,
            relay,
        }
    }

    /// The same, after these events were published too.
    pub(crate) fn and(mut self, events: &[Outgoing]) -> Self {
        if let Some(last) = events.last() {
            self.position = last.position.get();
            self.event = Some(PublishedEvent::of(last.id, &last.what_happened.value));
        }
        if let Some(last) = events.iter().rfind(|event| event.facts.is_some()) {
            self.facts = last.position.get();
        }
        self
    }

    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("a struct of numbers and texts is JSON")
    }

    /// None where the bytes are nothing that a relay of this release wrote.
    pub(crate) fn from_bytes(bytes: &[u8]) -> Option<Self> {
        serde_json::from_slice(bytes).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_checkpoint_is_written_in_words_that_anybody_can_read() {
        let identity = LogIdentity { log: Uuid::from_u128(7), epoch: 2 };
        let mut published = Published::nothing(identity, Position::new(1), 1, Uuid::from_u128(9));
        published.position = 3;
        published.facts = 2;
        published.event = Some(PublishedEvent { id: Uuid::from_u128(8), sha256: "00".to_owned() });
        let text = String::from_utf8(published.to_bytes()).expect("text");
        assert_eq!(
            text,
            "{\"log\":\"00000000-0000-0000-0000-000000000007\",\"epoch\":2,\"position\":3,\
             \"event\":{\"id\":\"00000000-0000-0000-0000-000000000008\",\"sha256\":\"00\"},\"facts\":2,\"from\":1,\"partitions\":1,\
             \"relay\":\"00000000-0000-0000-0000-000000000009\"}"
        );
        assert_eq!(Published::from_bytes(text.as_bytes()), Some(published));
        assert_eq!(Published::from_bytes(b"{}"), None);
    }
}
