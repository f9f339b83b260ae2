use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use keyledger_domain::{Clock, Timestamp};
use keyledger_event_log::{EventLog, LogIdentity, Position};
use keyledger_secret::{Marker, Randomness};

use crate::{
    catalogue::CatalogueMemory,
    in_flight::InFlight,
    ports::{KeyLists, Keyring, LastUsed, Readers},
    turns::Turns,
    validators::Validators,
};

/// The use cases. Cheap to clone; all clones are one service.
#[derive(Clone)]
pub struct CommandService(Arc<Inside>);

/// What a command service is made of.
pub struct Parts {
    /// Where events are recorded.
    pub log: Arc<dyn EventLog>,
    /// The read model for lists and look-ups.
    pub lists: Arc<dyn KeyLists>,
    /// When secrets were last used.
    pub last_used: Arc<dyn LastUsed>,
    /// Who must have applied a command before it is answered.
    pub readers: Arc<dyn Readers>,
    /// The validators in processes of their own.
    pub validators: Arc<Validators>,
    /// What new secrets and events are made with.
    pub keyring: Arc<dyn Keyring>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Where secrets, nonces and ids come from.
    pub randomness: Arc<dyn Randomness>,
    /// The marker of this installation's secrets.
    pub marker: Marker,
}

/// The parts, and what the service remembers between commands; all of it can be forgotten.
pub(crate) struct Inside {
    pub(crate) parts: Parts,
    pub(crate) catalogue: CatalogueMemory,
    pub(crate) in_flight: InFlight,
    pub(crate) turns: Turns,
    /// Held by whoever takes an operator's right away, so that two do not each believe the other one stays.
    pub(crate) operators: tokio::sync::Mutex<()>,
    known_head: AtomicU64,
}

/// How long an answer waits for the readers.
const PATIENCE: Duration = Duration::from_secs(2);

impl CommandService {
    /// A service made of these parts.
    #[must_use]
    pub fn new(parts: Parts) -> Self {
        Self(Arc::new(Inside {
            parts,
            catalogue: CatalogueMemory::default(),
            in_flight: InFlight::default(),
            turns: Turns::default(),
            operators: tokio::sync::Mutex::default(),
            known_head: AtomicU64::default(),
        }))
    }

    pub(crate) fn inside(&self) -> &Inside {
        &self.0
    }

    pub(crate) fn parts(&self) -> &Parts {
        &self.0.parts
    }

    pub(crate) fn log(&self) -> &Arc<dyn EventLog> {
        &self.0.parts.log
    }

    pub(crate) fn identity(&self) -> LogIdentity {
        self.log().identity()
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.parts().clock.now()
    }

    /// So many random bytes.
    pub(crate) fn random<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        self.parts().randomness.fill(&mut bytes);
        bytes
    }

    /// Waits until the readers have applied a position; says whether they have.
    pub(crate) async fn applied(&self, position: Position) -> bool {
        self.saw(position);
        self.parts().readers.applied(position, PATIENCE).await
    }

    /// The head of the log, or the last one known where the log does not answer.
    pub(crate) async fn head(&self) -> Position {
        if let Ok(head) = self.log().head().await {
            self.saw(head);
        }
        self.known_head()
    }

    /// The last head of the log that was known, without asking.
    pub(crate) fn known_head(&self) -> Position {
        Position::new(self.0.known_head.load(Ordering::Relaxed))
    }

    fn saw(&self, position: Position) {
        self.0.known_head.fetch_max(position.get(), Ordering::Relaxed);
    }
}
