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

#[cfg(test)]
mod tests {
    use keyledger_event_log::PublicLog;

    use super::*;
    use crate::story::{Story, created, keys, renamed};

    fn states(story: &Story) -> KeyStates {
        KeyStates::new(Arc::new(PublicLog::of(story.0.clone())), keys())
    }

    async fn told(story: &Story, states: &mut KeyStates, position: u64) -> Option<(String, u64)> {
        let key = states.after(&story.event(position).await).await.expect("the log is whole");
        key.map(|key| (key.name.to_string(), key.revision))
    }

    #[tokio::test]
    async fn a_key_is_told_as_it_was_after_each_event_whatever_was_remembered() {
        let story = Story::new();
        story.happens(1, 0, created()).await;
        story.happens(2, 0, created()).await;
        story.happens(1, 1, renamed("second")).await;
        story.happens(1, 2, renamed("third")).await;
        let expected = [("first", 0), ("first", 0), ("second", 1), ("third", 2)];
        let mut in_a_row = states(&story);
        for (position, (name, revision)) in (1..).zip(expected) {
            let expected = Some((name.to_owned(), revision));
            assert_eq!(told(&story, &mut in_a_row, position).await, expected);
            assert_eq!(told(&story, &mut states(&story), position).await, expected, "from the log alone");
            assert_eq!(told(&story, &mut in_a_row, position).await, expected, "once more");
        }
    }

    #[tokio::test]
    async fn an_event_of_a_later_release_marks_its_key_and_leaves_the_facts() {
        let story = Story::new();
        story.happens(1, 0, created()).await;
        story.happens_as(1, 1, renamed("second"), |public| public.replace("KeyRenamed", "KeyFrobbed")).await;
        story.happens(1, 2, renamed("third")).await;
        let mut states = states(&story);
        for (position, name, unreadable) in [(1, "first", false), (2, "first", true), (3, "third", true)] {
            let event = story.event(position).await;
            let key = states.after(&event).await.expect("the log is whole").expect("a key");
            assert_eq!((key.name.to_string().as_str(), key.unreadable), (name, unreadable));
        }
    }

    #[tokio::test]
    async fn a_stream_that_lacks_an_event_is_not_published_any_further() {
        let story = Story::new();
        story.happens(1, 0, created()).await;
        story.happens(1, 1, renamed("second")).await;
        let mut event = story.event(2).await;
        // As if one had been taken out before it, in a log whose positions may have gaps.
        event.event.revision = 3;
        let refusal = states(&story).after(&event).await.expect_err("a refusal").to_string();
        assert!(refusal.contains("stands revision 3") && refusal.contains("2 was expected"), "{refusal}");
    }
}
