//! The bytes of an event, which are kept for ever.
//!
//! A recorded event has three parts. The **public** part is JSON that auditors and Kafka get, unchanged; the
//! **private** part (what recognises a secret, the digest of the request) never leaves the registry and is bound to
//! the public one by `sealed`, a SHA-256; the **mac** authenticates the public part under a key that is not in the
//! database. [`seal()`] makes the parts, [`open()`] checks and reads them, [`read()`] reads what
//! came without its code; nothing is ever serialised again to be
//! checked. Golden files in `events/samples` hold every form that was ever released.

mod event_id;
mod golden;
mod mac;
mod open;
mod private;
mod public;
mod schemas;
mod seal;
mod stream;

use uuid::Uuid;

use crate::{
    Actor, KeyId, Timestamp,
    event::Body,
    key::{Happened, Key, evolve},
};

pub use event_id::{Idempotency, uuid_v7};
pub use mac::{MacKey, MacKeyId, MacKeys, Purpose, WrongMac};
pub use open::{OpenError, Parts, open, read};
pub use private::{PepperId, Private, Verifier};
pub use seal::{Draft, SealError, Sealed, seal};
pub use stream::Stream;

/// An event that was opened: authentic, and read as far as this build can.
#[derive(Clone, Debug)]
pub struct Event {
    /// Its id.
    pub id: Uuid,
    /// The life of the log it was written in.
    pub epoch: u32,
    /// The key it is about, or the catalogue.
    pub stream: Stream,
    /// Its place in that stream.
    pub revision: u64,
    /// When it happened.
    pub occurred_at: Timestamp,
    /// Who caused it.
    pub actor: Actor,
    /// The request that caused it.
    pub request_id: String,
    /// The schema version it was written with. Its body may have been brought to a later one.
    pub schema_version: u32,
    /// What happened.
    pub body: Body,
    /// What never leaves the registry; none once it was purged.
    pub private: Option<Private>,
}

impl Event {
    /// A key after this event, which is one of its events and stands at `position`. None stays none as [`evolve`] says.
    #[must_use]
    pub fn happen_to(&self, key: Option<Key>, key_id: KeyId, position: u64) -> Option<Key> {
        let body = match &self.body {
            Body::Key(event) => Some(event),
            Body::Catalogue(_) | Body::Unreadable(_) => None,
        };
        let happened =
            Happened { key_id, revision: self.revision, position, at: self.occurred_at, by: &self.actor };
        evolve(key, body, happened)
    }
}
