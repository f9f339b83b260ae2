use keyledger_domain::{event::Body, key::Key};
use keyledger_event_log::LogIdentity;
use keyledger_projectors::CheckedEvent;

use crate::cloud_event::{self, Attribute};

/// A record of one of the two topics of events, but for the topic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Record {
    pub(crate) key: String,
    pub(crate) headers: Vec<Attribute>,
    pub(crate) value: Vec<u8>,
}

impl Record {
    /// What happened: the public part, byte for byte. `key` is the key it happened to, after it.
    pub(crate) fn of_event(log: LogIdentity, event: &CheckedEvent, key: Option<&Key>) -> Self {
        // What is published of an event that this build can read is what that event says, whatever else is known.
        let partner = match &event.event.body {
            Body::Key(body) => Some(body.partner_id()),
            Body::Catalogue(_) => None,
            Body::Unreadable(_) => key.map(|key| &key.partner_id),
        };
        Self {
            key: cloud_event::subject(event.event.stream),
            headers: cloud_event::of_event(log, event, partner),
            value: event.public.clone(),
        }
    }

    /// What the key is after the event.
    pub(crate) fn of_facts(log: LogIdentity, event: &CheckedEvent, key: &Key) -> Self {
        Self {
            key: cloud_event::subject(event.event.stream),
            headers: cloud_event::of_facts(log, event, key),
            value: serde_json::to_vec(&key.facts()).expect("the facts of a key are JSON"),
        }
    }
}
