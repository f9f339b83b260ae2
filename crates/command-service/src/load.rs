use keyledger_domain::{
    KeyId, Moment,
    envelope::{self, Event, MacKeys, Parts, Stream},
    key::Key,
};
use keyledger_event_log::{RecordedEvent, Revision, StreamName};

use crate::{CommandService, Failure};

impl CommandService {
    /// The present state of a key, folded from its stream; none where there is no such key.
    pub(crate) async fn load(&self, key_id: KeyId) -> Result<Option<Key>, Failure> {
        self.load_until(key_id, None).await
    }

    /// The state of a key at a moment; none where it had not come to be.
    pub(crate) async fn load_at(&self, key_id: KeyId, moment: Moment) -> Result<Option<Key>, Failure> {
        self.load_until(key_id, Some(moment)).await
    }

    async fn load_until(&self, key_id: KeyId, until: Option<Moment>) -> Result<Option<Key>, Failure> {
        let mut key = None;
        let events = self.stream(Stream::Key(key_id), Revision::FIRST).await?;
        if events.is_empty() {
            self.must_not_be_missing(key_id).await?;
        }
        for (recorded, event) in events {
            let position = recorded.position.get();
            if until.is_some_and(|moment| !moment.includes(position, event.occurred_at)) {
                break;
            }
            key = event.happen_to(key, key_id, position);
            if key.is_none() {
                // Nothing may be recorded after a beginning that cannot be read: it would stand on nothing.
                return Err(Failure::Damaged(format!("the creation of the key {key_id} cannot be read")));
            }
        }
        Ok(key)
    }

    /// Refuses to say that there is no such key where one was read before: its events were taken out of the log, and
    /// whoever wants to revoke it must not be sent away.
    async fn must_not_be_missing(&self, key_id: KeyId) -> Result<(), Failure> {
        if !self.parts().lists.knows(key_id).await? {
            return Ok(());
        }
        tracing::error!(%key_id, "the log lacks the events of a key that was read before: they were taken out");
        metrics::counter!("keyledger_log_alarms_total").increment(1);
        Err(Failure::Damaged(format!("the log lacks the events of the key {key_id}, which were read before")))
    }

    /// The events of a stream from a revision on: authentic, in their places, none missing between them.
    pub(crate) async fn stream(
        &self,
        stream: Stream,
        from: Revision,
    ) -> Result<Vec<(RecordedEvent, Event)>, Failure> {
        let recorded = self.log().read_stream(&StreamName::new(stream.to_string()), from).await?;
        let keys = self.parts().keyring.mac_keys();
        let mut due = from;
        let mut events = Vec::with_capacity(recorded.len());
        for event in recorded {
            if event.revision != due {
                return Err(Failure::Damaged(format!("the stream {stream} lacks its revision {due}")));
            }
            due = due.next();
            let opened = self.open(&event, &keys)?;
            events.push((event, opened));
        }
        Ok(events)
    }

    /// Checks one event of the log and reads it.
    pub(crate) fn open(&self, event: &RecordedEvent, keys: &MacKeys) -> Result<Event, Failure> {
        let parts = Parts {
            id: event.id,
            stream: event.stream.as_str(),
            revision: event.revision.get(),
            public: &event.public,
            private: &event.private,
            mac: &event.mac,
        };
        envelope::open(parts, self.identity().log, keys).map_err(|error| {
            tracing::error!(position = event.position.get(), %error, "an event of the log cannot be believed");
            Failure::Damaged(format!("the event at position {} cannot be believed: {error}", event.position))
        })
    }
}
