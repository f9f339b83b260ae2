use uuid::Uuid;

use crate::{Actor, KeyId, Timestamp};

/// Under which UUIDv5 names are made: sixteen bytes of ASCII, fixed for ever.
const NAMESPACE: Uuid = Uuid::from_bytes(*b"keyledger idem 1");

/// What a request that carries an idempotency key is recognised by: the log, the principal and the key. The ids that
/// follow from it are the same on every store and in every process, so a retry finds what the first try recorded.
#[derive(Clone, Copy, Debug)]
pub struct Idempotency<'a> {
    /// The log.
    pub log: Uuid,
    /// Who asks.
    pub principal: &'a Actor,
    /// What they sent in `Idempotency-Key`: 1 to 255 printable ASCII characters.
    pub key: &'a str,
}

impl Idempotency<'_> {
    /// The id of the command's event with this number; the first is 0.
    #[must_use]
    pub fn event_id(&self, number: u32) -> Uuid {
        self.name("event", number)
    }

    /// The id of the key that the command creates.
    #[must_use]
    pub fn key_id(&self) -> KeyId {
        KeyId(self.name("key", 0))
    }

    /// A UUIDv5 of the label, log, principal, idempotency key and number, each after its length as four bytes, big end
    /// first, so that no two lists of parts make one name.
    fn name(&self, label: &str, number: u32) -> Uuid {
        let principal = self.principal.to_string();
        let number = number.to_string();
        let mut name = Vec::with_capacity(128 + self.key.len());
        for part in [
            label.as_bytes(),
            self.log.as_bytes(),
            principal.as_bytes(),
            self.key.as_bytes(),
            number.as_bytes(),
        ] {
            name.extend_from_slice(&u32::try_from(part.len()).unwrap_or(u32::MAX).to_be_bytes());
            name.extend_from_slice(part);
        }
        Uuid::new_v5(&NAMESPACE, &name)
    }
}

/// A UUIDv7 for something that happens at a moment, from ten random bytes.
#[must_use]
pub fn uuid_v7(at: Timestamp, random: [u8; 10]) -> Uuid {
    let millis = u64::try_from(at.millis()).unwrap_or_default();
    uuid::Builder::from_unix_timestamp_millis(millis, &random).into_uuid()
}
