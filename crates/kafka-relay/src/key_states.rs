use std::{collections::HashMap, sync::Arc};

use keyledger_domain::{
    envelope::Stream,
    event::Body,
    key::{Happened, Key, evolve},
};
use keyledger_event_log::{EventLog, Revision, StreamName};
use keyledger_projectors::{CheckedEvent, MacKeysSource, ProjectionError, StopReason};

/// How many streams are remembered, about 0.6 KiB each; beyond it all are forgotten and read anew when they are needed.
const REMEMBERED: usize = 50_000;

/// What keys are after each event, for a reader that keeps no model: remembered for a while, else folded from the log.
pub(crate) struct KeyStates {
    log: Arc<dyn EventLog>,
    keys: MacKeysSource,
    held: HashMap<Stream, Held>,
}

/// A stream up to a revision.
struct Held {
    revision: u64,
    /// None for the catalogue, and for a key whose creation cannot be read.
    key: Option<Key>,
}

impl KeyStates {
    pub(crate) fn new(log: Arc<dyn EventLog>, keys: MacKeysSource) -> Self {
        Self { log, keys, held: HashMap::new() }
    }

    /// The key that an event is about, after it; none where it is about no key, or none that this build can tell of.
    /// That nothing was taken out of the event's stream before it is seen on the way.
    ///
    /// # Errors
    /// [`StopReason`] where the stream is not whole, or cannot be read.
    pub(crate) async fn after(&mut self, event: &CheckedEvent) -> Result<Option<&Key>, StopReason> {
        let (stream, revision) = (event.event.stream, event.event.revision);
        let before = match (revision.checked_sub(1), self.held.remove(&stream)) {
            (None, _) => None,
            (Some(before), Some(held)) if held.revision == before => held.key,
            (Some(_), _) => self.read_before(event).await?,
        };
        let key = fold(before, event);
        if self.held.len() >= REMEMBERED {
            self.held.clear();
        }
        self.held.insert(stream, Held { revision, key });
        Ok(self.held.get(&stream).and_then(|held| held.key.as_ref()))
    }

    /// Folds everything that stands in the event's stream before it.
    async fn read_before(&self, event: &CheckedEvent) -> Result<Option<Key>, StopReason> {
        let name = StreamName::new(event.event.stream.to_string());
        let keys = (self.keys)();
        let mut key = None;
        let mut expected = 0;
        for recorded in self.log.read_stream(&name, Revision::FIRST).await? {
            if expected == event.event.revision {
                return Ok(key);
            }
            if recorded.revision.get() != expected {
                break;
            }
            key = fold(key, &CheckedEvent::open(recorded, &keys, self.log.identity())?);
            expected += 1;
        }
        if expected == event.event.revision {
            return Ok(key);
        }
        Err(StopReason::Projection(ProjectionError::MissingRevision {
            position: event.position,
            stream: event.event.stream.to_string(),
            held: expected.checked_sub(1),
            found: event.event.revision,
        }))
    }
}

fn fold(before: Option<Key>, event: &CheckedEvent) -> Option<Key> {
    let CheckedEvent { position, event, .. } = event;
    let Stream::Key(key_id) = event.stream else { return None };
    let body = match &event.body {
        Body::Key(body) => Some(body),
        Body::Catalogue(_) | Body::Unreadable(_) => None,
    };
    let happened = Happened {
        key_id,
        revision: event.revision,
        position: position.get(),
        at: event.occurred_at,
        by: &event.actor,
    };
    evolve(before, body, happened)
}
