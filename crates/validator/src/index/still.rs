//! All facts at one moment, while events go on being applied.
//!
//! From that moment on the writer puts aside what it is about to change. The reader takes in every key as it finds it, in
//! its own time and without a lock, and then puts back in place what was put aside.

use std::{
    collections::HashMap,
    sync::{Arc, PoisonError},
};

use keyledger_domain::KeyId;
use keyledger_event_log::Checkpoint;

use super::{KeyIndex, LastCatalogue, Writer, facts::Facts};

/// The facts of every key at one position.
pub(super) struct Still {
    pub(super) checkpoint: Checkpoint,
    pub(super) catalogue: LastCatalogue,
    pub(super) stillborn: Vec<(KeyId, u64)>,
    pub(super) facts: Vec<Arc<Facts>>,
}

/// The facts of keys that changed since the moment, as they were then; none of a key that came to be since.
pub(super) type PutAside = HashMap<KeyId, Option<Arc<Facts>>>;

impl Writer {
    /// Puts aside what a key was, if anybody wants to know.
    pub(super) fn put_aside(&mut self, key_id: KeyId, facts: impl FnOnce() -> Option<Arc<Facts>>) {
        if let Some(aside) = &mut self.aside {
            aside.entry(key_id).or_insert_with(facts);
        }
    }
}

impl KeyIndex {
    /// Everything at this moment. Holds the writer up for as long as it takes to copy the catalogue, and readers not at
    /// all.
    pub(super) fn still(&self) -> Still {
        let _one_at_a_time = self.stills.lock().unwrap_or_else(PoisonError::into_inner);
        let mut still = {
            let mut writer = self.writer();
            writer.aside = Some(PutAside::new());
            Still {
                checkpoint: writer.checkpoint.clone(),
                catalogue: writer.catalogue.clone(),
                stillborn: writer.stillborn.iter().map(|(key_id, revision)| (*key_id, *revision)).collect(),
                facts: Vec::new(),
            }
        };
        // Keys are never removed, so this sees all that there were, and perhaps some that came since.
        still.facts = self.keys.pin().values().map(|key| key.load_full()).collect();
        let aside = self.writer().aside.take().unwrap_or_default();
        still.facts.retain_mut(|facts| match aside.get(&facts.key_id) {
            None => true,
            Some(None) => false,
            Some(Some(then)) => {
                *facts = then.clone();
                true
            }
        });
        still
    }
}
