use std::collections::BTreeMap;

use keyledger_domain::{
    KeyId, PartnerId, Prefix,
    envelope::{Event, Stream},
    event::Body,
    key::{Happened, Key, evolve},
};
use keyledger_event_log::Position;
use rusqlite::{Connection, OptionalExtension, Result};

use crate::{
    ApplyError,
    row::{self, select_keys},
};

/// Events of one transaction: each key is read once and written once, however many of them are about it.
pub(crate) struct Batch<'db> {
    db: &'db Connection,
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

impl<'db> Batch<'db> {
    pub(crate) fn new(db: &'db Connection) -> Self {
        Self { db, keys: BTreeMap::new(), catalogue: None }
    }

    /// Takes in the next event.
    pub(crate) fn take_in(&mut self, position: Position, event: &Event) -> Result<(), ApplyError> {
        match event.stream {
            Stream::Catalogue => self.change_catalogue(position, event),
            Stream::Key(key_id) => self.change_key(key_id, position, event),
        }
    }

    fn change_catalogue(&mut self, position: Position, event: &Event) -> Result<(), ApplyError> {
        let held = match self.catalogue {
            Some(revision) => Some(revision),
            None => stream_revision(self.db, event.stream)?,
        };
        must_follow(held, position, event)?;
        self.catalogue = Some(event.revision);
        Ok(())
    }

    fn change_key(&mut self, key_id: KeyId, position: Position, event: &Event) -> Result<(), ApplyError> {
        if !self.keys.contains_key(&key_id) {
            self.keys.insert(key_id, Entry::load(self.db, key_id)?);
        }
        let entry = self.keys.get_mut(&key_id).expect("it was put there");
        must_follow(entry.revision, position, event)?;
        entry.evolve(key_id, position, event);
        Ok(())
    }

    /// Writes down what changed.
    pub(crate) fn write(self) -> Result<()> {
        let Self { db, keys, catalogue } = self;
        let mut unrevoked: BTreeMap<PartnerId, i64> = BTreeMap::new();
        for (key_id, entry) in keys {
            match &entry.key {
                Some(key) => {
                    if let Some(more) = entry.more_unrevoked(key) {
                        *unrevoked.entry(key.partner_id.clone()).or_default() += more;
                    }
                    entry.write(db, key)?;
                }
                None => write_stream(db, Stream::Key(key_id), entry.revision)?,
            }
        }
        write_stream(db, Stream::Catalogue, catalogue)?;
        unrevoked.into_iter().try_for_each(|(partner, more)| count(db, &partner, more))
    }
}

impl Entry {
    fn load(db: &Connection, key_id: KeyId) -> Result<Self> {
        let mut statement = db.prepare_cached(select_keys!("WHERE key_id = ?1"))?;
        let key = statement.query_row([key_id.to_string()], row::read).optional()?;
        let (revision, found) = match &key {
            Some(key) if key.revoked.is_some() => (Some(key.revision), Found::Revoked),
            Some(key) => (Some(key.revision), Found::Unrevoked),
            None => {
                let revision = stream_revision(db, Stream::Key(key_id))?;
                (revision, if revision.is_some() { Found::Stream } else { Found::Nothing })
            }
        };
        Ok(Self { key, created: Position::START, revision, secrets: Vec::new(), found })
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

    fn write(&self, db: &Connection, key: &Key) -> Result<()> {
        row::write(db, key, self.created)?;
        if self.found == Found::Stream {
            let mut statement = db.prepare_cached("DELETE FROM streams WHERE stream = ?1")?;
            statement.execute([Stream::Key(key.key_id).to_string()])?;
        }
        for (prefix, generation) in &self.secrets {
            let mut statement =
                db.prepare_cached("INSERT INTO prefixes (prefix, key_id, generation) VALUES (?1, ?2, ?3)")?;
            statement.execute((prefix.as_str(), key.key_id.to_string(), generation))?;
        }
        Ok(())
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

fn stream_revision(db: &Connection, stream: Stream) -> Result<Option<u64>> {
    let mut statement = db.prepare_cached("SELECT revision FROM streams WHERE stream = ?1")?;
    statement.query_row([stream.to_string()], |row| row::natural(row, 0)).optional()
}

fn write_stream(db: &Connection, stream: Stream, revision: Option<u64>) -> Result<()> {
    let Some(revision) = revision else { return Ok(()) };
    let mut statement = db.prepare_cached(
        "INSERT INTO streams (stream, revision) VALUES (?1, ?2)
         ON CONFLICT (stream) DO UPDATE SET revision = excluded.revision",
    )?;
    statement.execute((stream.to_string(), row::integer(revision))).map(|_| ())
}

fn count(db: &Connection, partner: &PartnerId, more: i64) -> Result<()> {
    let mut statement = db.prepare_cached(
        "INSERT INTO partners (partner_id, unrevoked) VALUES (?1, ?2)
         ON CONFLICT (partner_id) DO UPDATE SET unrevoked = unrevoked + excluded.unrevoked",
    )?;
    statement.execute((partner.as_str(), more)).map(|_| ())
}
