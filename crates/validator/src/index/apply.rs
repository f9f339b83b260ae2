use std::sync::{Arc, atomic::Ordering::Release};

use keyledger_domain::{
    KeyId, Prefix,
    envelope::{Event, Stream},
    event::{Body, KeyEvent},
};
use keyledger_event_log::{Checkpoint, Position};
use keyledger_secret::Digest;

use super::{
    Grants, KeyIndex, LastCatalogue, Writer,
    evolve::new_prefix,
    facts::{Facts, KeyCell, Slot},
    last_use::LastUse,
};

/// An event that does not follow what the index holds: the log lost something, or changed. Nothing was applied, and
/// nothing may be applied after it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ApplyError {
    /// Positions increase.
    #[error("the event at position {found} came after the one at {held}: the log is out of order")]
    Position {
        /// The position of the last event the index holds.
        held: Position,
        /// The position of the event.
        found: Position,
    },
    /// Revisions of a stream are dense.
    #[error(
        "revision {expected} of {stream} is missing: the log goes on with {found}, so an event was taken out"
    )]
    Revision {
        /// The stream.
        stream: Stream,
        /// The revision that comes next.
        expected: u64,
        /// The revision of the event.
        found: u64,
    },
}

impl KeyIndex {
    /// Applies the event at `position`, whose authentication code is `mac`. When this returns, every later request is
    /// judged by it.
    ///
    /// # Errors
    /// [`ApplyError`]; then the index is as it was.
    pub fn apply(&self, position: Position, mac: &[u8], event: &Event) -> Result<(), ApplyError> {
        let writer = &mut *self.writer();
        let held = writer.checkpoint.position;
        if position <= held {
            return Err(ApplyError::Position { held, found: position });
        }
        match event.stream {
            Stream::Catalogue => self.apply_to_catalogue(writer, event)?,
            Stream::Key(key_id) => self.apply_to_key(writer, key_id, event)?,
        }
        let Checkpoint { position: held, mac: held_mac } = &mut writer.checkpoint;
        *held = position;
        held_mac.clear();
        held_mac.extend_from_slice(mac);
        self.position.store(position.get(), Release);
        self.progress.send_replace(position);
        Ok(())
    }

    fn apply_to_catalogue(&self, writer: &mut Writer, event: &Event) -> Result<(), ApplyError> {
        follows(event, writer.catalogue.revision)?;
        let catalogue = match &event.body {
            Body::Catalogue(changed) => Some(changed.catalogue.clone()),
            Body::Key(_) | Body::Unreadable(_) => {
                alarm(
                    "the scope catalogue cannot be read by this release: nothing is granted until one that can be read",
                    event,
                );
                None
            }
        };
        self.grants.store(Arc::new(catalogue.as_ref().map(Grants::of).unwrap_or_default()));
        writer.catalogue = LastCatalogue { revision: Some(event.revision), catalogue };
        Ok(())
    }

    fn apply_to_key(&self, writer: &mut Writer, key_id: KeyId, event: &Event) -> Result<(), ApplyError> {
        let keys = self.keys.pin();
        let happened = match &event.body {
            Body::Key(happened) => Some(happened),
            Body::Catalogue(_) | Body::Unreadable(_) => None,
        };
        let key = keys.get(&key_id);
        let revision = key.map(|key| key.load().revision);
        follows(event, revision.or_else(|| writer.stillborn.get(&key_id).copied()))?;
        if happened.is_none() {
            alarm("an event of a key cannot be read by this release: the key denies", event);
        }
        writer.put_aside(key_id, || key.map(|key| key.load_full()));
        match (key, happened) {
            (Some(key), _) => {
                let mut facts = Facts::clone(&key.load());
                writer.evolve(&mut facts, happened, self.time.nanos());
                self.replace(writer, key, facts, happened, event);
            }
            (None, Some(KeyEvent::Created(created))) if event.revision == 0 => {
                let facts = writer.created(key_id, created);
                let key = Arc::new(KeyCell::from_pointee(facts.clone()));
                self.replace(writer, &key, facts, happened, event);
                keys.insert(key_id, key);
            }
            // There is no key to speak of; it stays so whatever comes.
            (None, _) => {
                writer.stillborn.insert(key_id, event.revision);
            }
        }
        Ok(())
    }

    /// Puts the facts after an event in the place of those before it, with the secret that the event brought.
    fn replace(
        &self,
        writer: &mut Writer,
        key: &Arc<KeyCell>,
        mut facts: Facts,
        happened: Option<&KeyEvent>,
        event: &Event,
    ) {
        facts.revision = event.revision;
        let secret = new_prefix(happened).map(|prefix| (prefix, slot(key, &facts, event)));
        if let Some((prefix, slot)) = secret {
            self.add_secret(writer, &mut facts, prefix, slot, event);
        }
        key.store(Arc::new(facts));
    }

    /// Adds a secret. Prefixes are unique; should a copied log hold one twice, it stays with the key that had it first,
    /// and the second key denies.
    fn add_secret(
        &self,
        writer: &mut Writer,
        facts: &mut Facts,
        prefix: Prefix,
        slot: Option<Slot>,
        event: &Event,
    ) {
        let slots = self.slots.pin();
        if slots.contains_key(&prefix) {
            alarm("a prefix is held by two keys: the second denies; revoke it", event);
            facts.unreadable = true;
            return;
        }
        let Some(slot) = slot else {
            // Purged, which only happens to dead secrets; or made in a way that only a later release knows.
            tracing::debug!(stream = %event.stream, revision = event.revision, "a secret without a verifier is not recognised");
            return;
        };
        writer.pepper_ids.insert(slot.pepper_id);
        slots.insert(prefix, slot);
        self.decoys.offer(prefix);
        facts.newest_slot = Some(prefix);
    }
}

fn slot(key: &Arc<KeyCell>, facts: &Facts, event: &Event) -> Option<Slot> {
    let verifier = event.private.as_ref()?.verifier?;
    Some(Slot {
        pepper_id: verifier.pepper_id,
        digest: Digest::new(verifier.digest),
        key: key.clone(),
        previous: facts.newest_slot.into(),
        last_use: LastUse::default(),
    })
}

/// Whether an event comes next in its stream.
fn follows(event: &Event, last: Option<u64>) -> Result<(), ApplyError> {
    let expected = last.map_or(0, |last| last + 1);
    if event.revision == expected {
        return Ok(());
    }
    Err(ApplyError::Revision { stream: event.stream, expected, found: event.revision })
}

/// What an operator must see, loudly: in the log, and in a number to be alerted on.
fn alarm(what: &str, event: &Event) {
    tracing::error!(stream = %event.stream, revision = event.revision, event_id = %event.id, "{what}");
    metrics::counter!("keyledger_validator_alarms_total").increment(1);
}
