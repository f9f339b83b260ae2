use std::collections::{BTreeMap, HashMap, HashSet};

use keyledger_domain::{
    KeyId, PartnerId, Prefix,
    envelope::{Event, Stream},
    event::Body,
    key::{Happened, Key, evolve},
};
use keyledger_event_log::Position;

use crate::{ApplyError, Change};

/// What some events are about, which must be known before they are taken in.
pub(crate) fn touched(changes: &[Change<'_>]) -> HashSet<Stream> {
    changes.iter().map(|change| change.event.stream).collect()
}

/// What the rows hold of it.
#[derive(Default)]
pub(crate) struct Held {
    /// The keys that they hold.
    pub(crate) keys: HashMap<KeyId, Key>,
    /// The last revision of each stream that is not a key's row.
    pub(crate) streams: HashMap<Stream, u64>,
}

/// What the events make of it.
#[derive(Default)]
pub(crate) struct Written {
    /// Each key with the position at which it was created, which a row that is there already knows better.
    pub(crate) keys: Vec<(Key, Position)>,
    /// The secrets that came.
    pub(crate) prefixes: Vec<(Prefix, KeyId, u32)>,
    /// The last revisions of streams that are no key's row.
    pub(crate) streams: Vec<(Stream, u64)>,
    /// The streams that became a key's row.
    pub(crate) forgotten: Vec<Stream>,
    /// How many more keys of each partner are unrevoked.
    pub(crate) partners: BTreeMap<PartnerId, i64>,
}

/// Takes events in: each key is read once and written once, however many of them are about it.
pub(crate) fn fold(held: Held, changes: &[Change<'_>]) -> Result<Written, ApplyError> {
    let mut batch = Batch { held, keys: BTreeMap::new(), catalogue: None };
    for change in changes {
        batch.take_in(change.position, change.event)?;
    }
    Ok(batch.written())
}

struct Batch {
    held: Held,
    keys: BTreeMap<KeyId, Entry>,
    /// The catalogue's last revision, where an event changed it.
    catalogue: Option<u64>,
}

/// What the batch knows of a key.
struct Entry {
    key: Option<Key>,
    /// Where it was created.
    created: Position,
    /// The last revision of its stream.
    revision: Option<u64>,
    /// Its secrets that came with this batch.
    secrets: Vec<(Prefix, u32)>,
    found: Found,
}

/// How the rows knew a key before the batch.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Found {
    /// As a key that was not revoked.
    Unrevoked,
    /// As a key that was revoked.
    Revoked,
    /// As a stream without a key that this build could read.
    Stream,
    /// Not at all.
    Nothing,
}

impl Batch {
    fn take_in(&mut self, position: Position, event: &Event) -> Result<(), ApplyError> {
        match event.stream {
            Stream::Catalogue => {
                let held = self.catalogue.or_else(|| self.held.streams.get(&event.stream).copied());
                must_follow(held, position, event)?;
                self.catalogue = Some(event.revision);
            }
            Stream::Key(key_id) => {
                let held = &mut self.held;
                let entry = self.keys.entry(key_id).or_insert_with(|| Entry::of(held, key_id));
                must_follow(entry.revision, position, event)?;
                entry.evolve(key_id, position, event);
            }
        }
        Ok(())
    }

    fn written(self) -> Written {
        let mut written = Written::default();
        for (key_id, entry) in self.keys {
            let stream = Stream::Key(key_id);
            let Some(key) = entry.key.as_ref() else {
                written.streams.extend(entry.revision.map(|revision| (stream, revision)));
                continue;
            };
            if let Some(more) = entry.more_unrevoked(key) {
                *written.partners.entry(key.partner_id.clone()).or_default() += more;
            }
            if entry.found == Found::Stream {
                written.forgotten.push(stream);
            }
            let secrets = entry.secrets.iter().map(|(prefix, generation)| (*prefix, key_id, *generation));
            written.prefixes.extend(secrets);
            written.keys.extend(entry.key.map(|key| (key, entry.created)));
        }
        written.streams.extend(self.catalogue.map(|revision| (Stream::Catalogue, revision)));
        written
    }
}

impl Entry {
    fn of(held: &mut Held, key_id: KeyId) -> Self {
        let key = held.keys.remove(&key_id);
        let (revision, found) = match &key {
            Some(key) if key.revoked.is_some() => (Some(key.revision), Found::Revoked),
            Some(key) => (Some(key.revision), Found::Unrevoked),
            None => {
                let revision = held.streams.get(&Stream::Key(key_id)).copied();
                (revision, if revision.is_some() { Found::Stream } else { Found::Nothing })
            }
        };
        Self { key, created: Position::START, revision, secrets: Vec::new(), found }
    }

    fn evolve(&mut self, key_id: KeyId, position: Position, event: &Event) {
        let what = match &event.body {
            Body::Key(event) => Some(event),
            Body::Catalogue(_) | Body::Unreadable(_) => None,
        };
        let happened = Happened {
            key_id,
            revision: event.revision,
            position: position.get(),
            at: event.occurred_at,
            by: &event.actor,
        };
        let before = self.key.as_ref().map(|key| key.generation);
        self.key = evolve(self.key.take(), what, happened);
        self.revision = Some(event.revision);
        if let Some(key) = &self.key {
            if before.is_none() {
                self.created = position;
            }
            if before != Some(key.generation) {
                self.secrets.push((key.prefix, key.generation));
            }
        }
    }

    /// How many keys of its partner are unrevoked through it, beyond those before the batch; none where it changes
    /// nothing. A new key that was revoked in the same batch is a change by none: its partner has a row either way.
    fn more_unrevoked(&self, key: &Key) -> Option<i64> {
        let is = key.revoked.is_none();
        match self.found {
            Found::Nothing | Found::Stream => Some(i64::from(is)),
            Found::Unrevoked if !is => Some(-1),
            Found::Unrevoked | Found::Revoked => None,
        }
    }
}

/// Refuses an event that does not follow the last one of its stream.
fn must_follow(held: Option<u64>, position: Position, event: &Event) -> Result<(), ApplyError> {
    let expected = held.map_or(0, |held| held + 1);
    if event.revision == expected {
        return Ok(());
    }
    Err(ApplyError::MissingRevision {
        position,
        stream: event.stream.to_string(),
        held,
        found: event.revision,
    })
}
