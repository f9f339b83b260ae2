use keyledger_event_log::{LogIdentity, Position};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use crate::{lives::Life, reading::Outgoing};

/// A record of the checkpoint topic. The last of each kind stays, by its key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum CheckpointRecord {
    /// Who publishes from now on: a relay's first word, before it looks what there is. What it then finds before this is
    /// everything, since nobody else could write any more.
    Signature(Signature),
    /// Up to where.
    Published(Published),
}

/// The first word of a relay.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Signature {
    /// Who publishes.
    pub(crate) by: Publisher,
    /// By the id it drew when it started.
    pub(crate) relay: Uuid,
    /// How often it has taken the topics over, with this time.
    pub(crate) takeover: u64,
}

/// Who publishes to a set of topics.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum Publisher {
    /// The relay, as long as there is a log.
    Relay,
    /// A replay, up to what was the head.
    Replay,
}

impl Signature {
    /// Whether somebody else has written since this relay looked at the topics for the first time, and found that its
    /// predecessor had written last.
    ///
    /// A transaction that came to nothing does not say by itself that another relay took over: the brokers end one in the same
    /// way that takes too long, as while they were away, or while this process slept.
    pub(crate) fn was_followed_by(self, last: Self, predecessor: Option<Self>) -> bool {
        last.relay != self.relay && Some(last) != predecessor
    }
}

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
    /// The lives of the log that ended while these topics were filled, in their order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) lives: Vec<Life>,
    /// Who published it.
    pub(crate) signature: Signature,
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
    pub(crate) fn nothing(log: LogIdentity, from: Position, partitions: i32, signature: Signature) -> Self {
        Self {
            log: log.log,
            epoch: log.epoch,
            position: from.get().saturating_sub(1),
            event: None,
            facts: 0,
            from: from.get(),
            partitions,
            lives: Vec::new(),
            signature,
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
}

impl CheckpointRecord {
    const SIGNATURE: &str = "signature";
    pub(crate) const PUBLISHED: &str = "checkpoint";

    /// The key of its record.
    pub(crate) fn key(&self) -> &'static str {
        match self {
            Self::Signature(_) => Self::SIGNATURE,
            Self::Published(_) => Self::PUBLISHED,
        }
    }

    /// Who wrote it.
    pub(crate) fn signature(&self) -> Signature {
        match self {
            Self::Signature(signature) => *signature,
            Self::Published(published) => published.signature,
        }
    }

    /// The value of its record.
    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        let bytes = match self {
            Self::Signature(signature) => serde_json::to_vec(signature),
            Self::Published(published) => serde_json::to_vec(published),
        };
        bytes.expect("a struct of numbers and texts is JSON")
    }

    /// None where a record is nothing that a relay of this release wrote.
    pub(crate) fn from_record(key: &[u8], value: &[u8]) -> Option<Self> {
        match std::str::from_utf8(key) {
            Ok(Self::SIGNATURE) => serde_json::from_slice(value).ok().map(Self::Signature),
            Ok(Self::PUBLISHED) => serde_json::from_slice(value).ok().map(Self::Published),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_wrote_before_this_relay_looked_did_not_take_over_from_it() {
        let by =
            |relay, takeover| Signature { by: Publisher::Relay, relay: Uuid::from_u128(relay), takeover };
        let own = by(9, 1);
        assert!(!own.was_followed_by(by(9, 1), None), "itself");
        assert!(
            !own.was_followed_by(by(7, 3), Some(by(7, 3))),
            "its predecessor, before an own signature shows"
        );
        assert!(own.was_followed_by(by(7, 4), Some(by(7, 3))), "its predecessor, which took over again");
        assert!(own.was_followed_by(by(8, 1), Some(by(7, 3))), "another one");
        assert!(own.was_followed_by(by(8, 1), None), "another one, of topics that were empty");
    }

    #[test]
    fn a_checkpoint_is_written_in_words_that_anybody_can_read() {
        let identity = LogIdentity { log: Uuid::from_u128(7), epoch: 2 };
        let signature = Signature { by: Publisher::Relay, relay: Uuid::from_u128(9), takeover: 4 };
        let mut published = Published::nothing(identity, Position::new(1), 1, signature);
        published.position = 3;
        published.facts = 2;
        published.event = Some(PublishedEvent { id: Uuid::from_u128(8), sha256: "00".to_owned() });
        let signed = "{\"by\":\"relay\",\"relay\":\"00000000-0000-0000-0000-000000000009\",\"takeover\":4}";
        let said = format!(
            "{{\"log\":\"00000000-0000-0000-0000-000000000007\",\"epoch\":2,\"position\":3,\
             \"event\":{{\"id\":\"00000000-0000-0000-0000-000000000008\",\"sha256\":\"00\"}},\"facts\":2,\"from\":1,\"partitions\":1,\
             \"signature\":{signed}}}"
        );
        for (word, key, text) in [
            (CheckpointRecord::Signature(signature), "signature", signed),
            (CheckpointRecord::Published(published), "checkpoint", &said),
        ] {
            assert_eq!(word.key(), key);
            assert_eq!(String::from_utf8(word.to_bytes()).expect("text"), text);
            assert_eq!(CheckpointRecord::from_record(key.as_bytes(), text.as_bytes()), Some(word));
            assert_eq!(CheckpointRecord::from_record(key.as_bytes(), b"{}"), None);
            assert_eq!(CheckpointRecord::from_record(b"another", text.as_bytes()), None);
        }
    }
}
