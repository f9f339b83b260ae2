//! The key index: every secret there ever was, in memory, from events alone.
//!
//! Readers look a prefix up in a concurrent map and follow it to the facts of its key; neither step takes a lock that a
//! writer can hold. One writer at a time applies events, each of which replaces the facts of one key as a whole.
//!
//! ```text
//! prefix ──▶ Slot { digest, pepper, previous } ──▶ KeyCell ──▶ Facts { partner, scopes, bucket, expiry, revoked … }
//!                never changed                              swapped by each event
//!                 { last use }: an atomic number, written once a minute at most
//! ```

mod apply;
mod decoys;
mod digest;
mod evolve;
mod facts;
mod grants;
mod interned;
mod judge;
mod last_use;
mod peppers;
mod saved;
mod still;
mod told;

use std::{
    collections::{BTreeSet, HashMap},
    hash::RandomState,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering::Acquire},
    },
    time::Duration,
};

use arc_swap::ArcSwap;
use keyledger_domain::{Catalogue, KeyId, PartnerId, Prefix, Scopes, Throttle, envelope::PepperId};
use keyledger_event_log::{Checkpoint, LogIdentity, Position};
use keyledger_secret::{Marker, Pepper};
use tokio::sync::watch;

pub use apply::ApplyError;
pub use judge::{Bearer, CannotKnow, Demand, Identified, Unidentified, Verdict, WorkingKey};
pub use last_use::Used;
pub use told::Told;

pub(crate) use interned::Pace;
pub(crate) use saved::Saved;

use crate::{
    freshness::{Bounds, Freshness},
    time::{Clocks, Time},
};
use decoys::Decoys;
use facts::{KeyCell, Slot};
use grants::Grants;
use interned::{Interner, Partner, ScopeSet};
use last_use::LastUse;
use peppers::Peppers;
use still::PutAside;

/// What a key index is told at the beginning.
#[derive(Clone)]
pub struct Config {
    /// The log whose events it holds.
    pub log: LogIdentity,
    /// The marker of the installation's secrets.
    pub marker: Marker,
    /// How long it may go on without the log.
    pub bounds: Bounds,
    /// The time.
    pub clocks: Clocks,
}

/// The key index. Shared by all who ask it and the one who tells it.
pub struct KeyIndex {
    log: LogIdentity,
    marker: Marker,
    time: Time,
    freshness: Freshness,
    slots: papaya::HashMap<Prefix, Slot>,
    /// When any of them was last used.
    newest_use: LastUse,
    decoys: Decoys,
    keys: papaya::HashMap<KeyId, Arc<KeyCell>>,
    grants: ArcSwap<Grants>,
    peppers: ArcSwap<Peppers>,
    /// The position of the last event it holds.
    position: AtomicU64,
    /// The same, for those who wait for one.
    progress: watch::Sender<Position>,
    writer: Mutex<Writer>,
    /// Held while a [`Still`](still::Still) is taken: the writer puts aside for one at a time.
    stills: Mutex<()>,
}

/// The slots as a reader holds them: what it finds stays where it is until it lets go.
type Slots<'index> = papaya::HashMapRef<'index, Prefix, Slot, RandomState, papaya::LocalGuard<'index>>;

/// What only the writer needs.
#[derive(Default)]
struct Writer {
    checkpoint: Checkpoint,
    catalogue: LastCatalogue,
    /// Streams of keys that never came to be, because the first event cannot be read: their last revisions.
    stillborn: HashMap<KeyId, u64>,
    /// Every pepper that an event named.
    pepper_ids: BTreeSet<PepperId>,
    partners: Interner<PartnerId, Partner>,
    scope_sets: Interner<Scopes, ScopeSet>,
    paces: Interner<Throttle, Pace>,
    /// While a still is taken.
    aside: Option<PutAside>,
}

/// The catalogue as the log has it.
#[derive(Clone, Default, serde::Serialize, serde::Deserialize)]
struct LastCatalogue {
    /// The last revision of its stream; none before the first.
    revision: Option<u64>,
    /// None where there is none yet, or where the last one cannot be read.
    catalogue: Option<Catalogue>,
}

impl KeyIndex {
    /// An index that holds nothing yet.
    #[must_use]
    pub fn new(config: Config) -> Self {
        Self {
            log: config.log,
            marker: config.marker,
            time: Time::new(config.clocks),
            freshness: Freshness::new(config.bounds),
            slots: papaya::HashMap::new(),
            newest_use: LastUse::default(),
            decoys: Decoys::default(),
            keys: papaya::HashMap::new(),
            grants: ArcSwap::default(),
            peppers: ArcSwap::default(),
            position: AtomicU64::new(0),
            progress: watch::Sender::new(Position::START),
            writer: Mutex::default(),
            stills: Mutex::default(),
        }
    }

    /// The log whose events it holds.
    #[must_use]
    pub fn log(&self) -> LogIdentity {
        self.log
    }

    /// The peppers of the keyring from now on.
    pub fn set_peppers(&self, peppers: Vec<(PepperId, Pepper)>) {
        self.peppers.store(Arc::new(Peppers::new(peppers)));
    }

    /// The peppers that the keyring lacks and that secrets which may still work were made with: those secrets are
    /// answered with 503, and the validator is not ready. Looks at every key where the keyring lacks a pepper that was
    /// ever used, and at none otherwise.
    #[must_use]
    pub fn missing_peppers(&self) -> Vec<PepperId> {
        let peppers = self.peppers.load();
        let mut candidates = self.writer().pepper_ids.clone();
        candidates.retain(|id| peppers.get(*id).is_none());
        if candidates.is_empty() {
            return Vec::new();
        }
        let now = self.time.now();
        let mut missing = BTreeSet::new();
        for (prefix, slot) in &self.slots.pin() {
            if candidates.contains(&slot.pepper_id) && slot.key.load().works(*prefix, now).is_ok() {
                missing.insert(slot.pepper_id);
            }
        }
        missing.into_iter().collect()
    }

    /// Tells that the index held all that the log had at this moment of the stopwatch: it had caught up, and the log
    /// answered that there was no more, or sent the event that was applied last. The first time ends the loading.
    pub fn heard(&self, nanos: u64) {
        self.freshness.heard(nanos);
    }

    /// The stopwatch.
    pub(crate) fn nanos(&self) -> u64 {
        self.time.nanos()
    }

    /// For how long the log has not been heard; none before the index has first caught up with it.
    #[must_use]
    pub fn silence(&self) -> Option<Duration> {
        self.freshness.age(self.time.nanos()).map(Duration::from_nanos)
    }

    /// The position of the last event the index holds.
    #[must_use]
    pub fn position(&self) -> Position {
        Position::new(self.position.load(Acquire))
    }

    /// The position and authentication code of the last event the index holds.
    #[must_use]
    pub fn checkpoint(&self) -> Checkpoint {
        self.writer().checkpoint.clone()
    }

    /// Waits until the index holds the event at `position`, for so long at most. Tells whether it does.
    pub async fn applied(&self, position: Position, patience: Duration) -> bool {
        if self.position() >= position {
            return true;
        }
        let mut progress = self.progress.subscribe();
        let held = progress.wait_for(|held| *held >= position);
        matches!(tokio::time::timeout(patience, held).await, Ok(Ok(_)))
    }

    /// How many keys there are, revoked ones too.
    #[must_use]
    pub fn keys(&self) -> usize {
        self.keys.len()
    }

    /// How many secrets there are, dead ones too.
    #[must_use]
    pub fn secrets(&self) -> usize {
        self.slots.len()
    }

    /// A writer that panicked left whole facts behind: each change is one store.
    fn writer(&self) -> MutexGuard<'_, Writer> {
        self.writer.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
