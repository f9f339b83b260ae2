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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::story::{Story, created, identity, renamed};

    #[tokio::test]
    async fn an_event_of_a_later_release_is_published_under_its_own_name_with_what_is_known_of_its_key() {
        let story = Story::new();
        story.happens(1, 0, created()).await;
        let later = |public: String| {
            public.replace("KeyRenamed\",\"schemaVersion\":1", "KeyFrobbed\",\"schemaVersion\":3")
        };
        story.happens_as(1, 1, renamed("second"), later).await;
        let (first, event) = (story.event(1).await, story.event(2).await);
        let header = |record: &Record, name: &str| {
            record.headers.iter().find(|(header, _)| *header == name).map(|(_, value)| value.clone())
        };
        let record = Record::of_event(identity(), &event, None);
        assert_eq!(header(&record, "ce_type").as_deref(), Some("keyledger.KeyFrobbed.v3"));
        assert_eq!(header(&record, "ce_dataschema").as_deref(), Some("urn:keyledger:event:KeyFrobbed:v3"));
        assert_eq!(header(&record, "ce_epoch").as_deref(), Some("1"), "that of the event, not of the log");
        assert_eq!(header(&record, "ce_partner"), None, "nothing is known");
        assert_eq!(record.value, event.public);
        assert_eq!(
            header(&Record::of_event(identity(), &first, None), "ce_partner").as_deref(),
            Some("acme")
        );
    }
}
