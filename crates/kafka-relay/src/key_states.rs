use std::{
    collections::{HashMap, HashSet},
    mem,
    sync::Arc,
};

use keyledger_domain::{
    envelope::Stream,
    event::Body,
    key::{Happened, Key, evolve},
};
use keyledger_event_log::{EventLog, Position, Revision, StreamName};
use keyledger_projectors::{CheckedEvent, MacKeysSource, ProjectionError, StopReason};
use tokio::task::JoinSet;

use crate::tasks;

/// How many bytes, nearly, a generation remembers, and the streams of one batch more: 65,000 keys of a few scopes. There are
/// two: when the younger one is full, the older one is forgotten, and what only that one held is read anew when it is needed.
const GENERATION: usize = 32 * 1024 * 1024;

/// How many streams are read at once; the log has more readers than these.
const AT_ONCE: usize = 2;

/// What keys are after each event, for a reader that keeps no model: remembered for a while, else folded from the log.
pub(crate) struct KeyStates {
    past: Past,
    generation: usize,
    young: HashMap<Stream, Held>,
    /// What the younger generation takes.
    bytes: usize,
    old: HashMap<Stream, Held>,
}

/// A stream up to a revision.
struct Held {
    revision: u64,
    /// None for the catalogue, and for a key whose creation cannot be read.
    key: Option<Key>,
}

impl Held {
    /// How much memory it takes, nearly.
    fn bytes(&self) -> usize {
        let scopes = |key: &Key| key.scopes.iter().map(|scope| 48 + scope.as_str().len()).sum::<usize>();
        size_of::<(Stream, Self)>() + self.key.as_ref().map_or(0, |key| 100 + scopes(key))
    }
}

impl KeyStates {
    pub(crate) fn new(log: Arc<dyn EventLog>, keys: MacKeysSource) -> Self {
        Self::remembering(GENERATION, log, keys)
    }

    fn remembering(generation: usize, log: Arc<dyn EventLog>, keys: MacKeysSource) -> Self {
        Self { past: Past { log, keys }, generation, young: HashMap::new(), bytes: 0, old: HashMap::new() }
    }

    /// Reads what is not remembered of the streams of these events, which come next: several at once, since a stream that
    /// is far back is waited for.
    ///
    /// # Errors
    /// [`StopReason`] where a stream is not whole, or cannot be read.
    pub(crate) async fn recall(&mut self, events: &[CheckedEvent]) -> Result<(), StopReason> {
        // Only now is anything forgotten: what is known here is still known when these events are told.
        if self.bytes >= self.generation {
            self.old = mem::take(&mut self.young);
            self.bytes = 0;
        }
        let mut seen = HashSet::new();
        let firsts = events.iter().filter(|event| seen.insert(event.event.stream));
        let mut unknown: Vec<_> = firsts.filter(|event| !self.knows_before(event)).map(Place::of).collect();
        let mut reads = JoinSet::new();
        let share = unknown.len().div_ceil(AT_ONCE);
        while !unknown.is_empty() {
            let some = unknown.split_off(unknown.len().saturating_sub(share));
            reads.spawn(self.past.clone().before(some));
        }
        while let Some(read) = tasks::next(&mut reads).await {
            for (stream, held) in read? {
                self.bytes += held.bytes();
                let replaced = self.young.insert(stream, held);
                self.bytes -= replaced.map_or(0, |held| held.bytes());
            }
        }
        Ok(())
    }

    /// The key that an event is about, after it; none where it is about no key, or none that this build can tell of.
    /// The event was among those of the last [`KeyStates::recall`], and all before it were told.
    ///
    /// # Errors
    /// [`StopReason`] where an event was taken out of the stream before this one.
    pub(crate) fn after(&mut self, event: &CheckedEvent) -> Result<Option<&Key>, StopReason> {
        let (stream, revision) = (event.event.stream, event.event.revision);
        let young = self.young.remove(&stream).inspect(|held| self.bytes -= held.bytes());
        let before = young.or_else(|| self.old.remove(&stream));
        let before = match (revision.checked_sub(1), before) {
            (None, _) => None,
            (Some(before), Some(held)) if held.revision == before => held.key,
            (Some(_), held) => return Err(Place::of(event).lacks(held.map(|held| held.revision))),
        };
        let key = fold(before, event);
        let held = Held { revision, key };
        self.bytes += held.bytes();
        Ok(self.young.entry(stream).insert_entry(held).into_mut().key.as_ref())
    }

    fn knows_before(&self, event: &CheckedEvent) -> bool {
        let Some(before) = event.event.revision.checked_sub(1) else { return true };
        let held = self.young.get(&event.event.stream).or_else(|| self.old.get(&event.event.stream));
        held.is_some_and(|held| held.revision == before)
    }
}

/// Where an event stands.
struct Place {
    position: Position,
    stream: Stream,
    revision: u64,
}

impl Place {
    fn of(event: &CheckedEvent) -> Self {
        Self { position: event.position, stream: event.event.stream, revision: event.event.revision }
    }

    /// Its stream does not hold everything before it.
    fn lacks(&self, held: Option<u64>) -> StopReason {
        StopReason::Projection(ProjectionError::MissingRevision {
            position: self.position,
            stream: self.stream.to_string(),
            held,
            found: self.revision,
        })
    }
}

/// Reads streams from their beginning.
#[derive(Clone)]
struct Past {
    log: Arc<dyn EventLog>,
    keys: MacKeysSource,
}

impl Past {
    /// Folds everything that stands in each stream before a place.
    async fn before(self, places: Vec<Place>) -> Result<Vec<(Stream, Held)>, StopReason> {
        let mut found = Vec::with_capacity(places.len());
        for place in places {
            found.push((place.stream, self.before_one(&place).await?));
        }
        Ok(found)
    }

    async fn before_one(&self, place: &Place) -> Result<Held, StopReason> {
        let name = StreamName::new(place.stream.to_string());
        let keys = (self.keys)();
        let mut held: Option<Held> = None;
        for recorded in self.log.read_stream(&name, Revision::FIRST).await? {
            let revision = recorded.revision.get();
            let expected = held.as_ref().map_or(0, |held| held.revision + 1);
            if revision >= place.revision || revision != expected {
                break;
            }
            let event = CheckedEvent::open(recorded, &keys, self.log.identity())?;
            held = Some(Held { revision, key: fold(held.and_then(|held| held.key), &event) });
        }
        match held {
            Some(held) if held.revision + 1 == place.revision => Ok(held),
            held => Err(place.lacks(held.map(|held| held.revision))),
        }
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

    use std::slice;

    use super::*;
    use crate::story::{Story, created, keys, renamed};

    fn states(story: &Story) -> KeyStates {
        remembering(GENERATION, story)
    }

    fn remembering(generation: usize, story: &Story) -> KeyStates {
        KeyStates::remembering(generation, Arc::new(PublicLog::of(story.0.clone())), keys())
    }

    async fn told(story: &Story, states: &mut KeyStates, position: u64) -> Option<(String, u64)> {
        let event = story.event(position).await;
        states.recall(slice::from_ref(&event)).await.expect("the log is whole");
        let key = states.after(&event).expect("it was recalled");
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
    async fn however_little_is_remembered_and_however_events_come_together_the_keys_are_the_same() {
        let story = Story::new();
        let mut revisions = [0; 7];
        let mut expected = Vec::new();
        // Each key is changed again after 1, 2, 3 … others.
        for step in 0..200_usize {
            let key = (step * step / 3 + step) % revisions.len();
            let revision = revisions[key];
            let name = if revision == 0 { "first".to_owned() } else { format!("{key} in {revision}") };
            let body = if revision == 0 { created() } else { renamed(&name) };
            story.happens(key as u128, revision, body).await;
            expected.push((name, revision));
            revisions[key] += 1;
        }
        for (generation, batch) in [(1, 1), (1_000, 3), (2_000, 5), (1, 200), (100_000, 7)] {
            let mut states = remembering(generation, &story);
            let mut told = Vec::new();
            for first in (0..200).step_by(batch) {
                let mut events = Vec::new();
                for number in first..200.min(first + batch) {
                    events.push(story.event(number as u64 + 1).await);
                }
                states.recall(&events).await.expect("the log is whole");
                for event in &events {
                    let key = states.after(event).expect("it was recalled").expect("a key");
                    told.push((key.name.to_string(), key.revision));
                }
                let counted: usize = states.young.values().map(Held::bytes).sum();
                assert_eq!(states.bytes, counted);
                assert!(counted < generation + batch * 1_000, "{counted}");
            }
            assert_eq!(told, expected, "generations of {generation} bytes, batches of {batch}");
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
            states.recall(slice::from_ref(&event)).await.expect("the log is whole");
            let key = states.after(&event).expect("it was recalled").expect("a key");
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
        let refusal =
            states(&story).recall(slice::from_ref(&event)).await.expect_err("a refusal").to_string();
        assert!(refusal.contains("stands revision 3") && refusal.contains("2 was expected"), "{refusal}");
    }
}
