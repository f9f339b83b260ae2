use std::sync::Arc;

use keyledger_domain::envelope::{self, Event, MacKeys, Parts};
use keyledger_event_log::{
    EventLog, LogIdentity, Position, ReadError, RecordedEvent, Revision, StreamName, Subscription,
};
use keyledger_projectors::{Distrust, MacKeysSource, Unbelievable};

/// The events of a log, as an auditor reads them: with their codes where the keyring is at hand, without them where it is
/// not.
#[derive(Clone)]
pub struct History {
    log: Arc<dyn EventLog>,
    keys: Option<MacKeysSource>,
}

/// An event that was read.
#[derive(Clone, Debug)]
pub struct Witnessed {
    /// Where it stands in the log.
    pub position: Position,
    /// Its public part, byte for byte.
    pub public: Vec<u8>,
    /// What it says.
    pub event: Event,
}

/// Why there is no more to be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HistoryError {
    /// The log does not answer, or is damaged.
    #[error(transparent)]
    Unreadable(#[from] ReadError),
    /// An event is not to be believed.
    #[error(transparent)]
    Unbelievable(#[from] Unbelievable),
}

impl History {
    /// The history that `log` holds. Without `keys` nobody can tell here whether it is authentic.
    #[must_use]
    pub fn new(log: Arc<dyn EventLog>, keys: Option<MacKeysSource>) -> Self {
        Self { log, keys }
    }

    /// Which log it is.
    #[must_use]
    pub fn identity(&self) -> LogIdentity {
        self.log.identity()
    }

    /// The log itself, for whoever judges its events otherwise than by reading them.
    #[must_use]
    pub fn log(&self) -> &Arc<dyn EventLog> {
        &self.log
    }

    /// The keys by which codes are checked; none where they are not at hand.
    #[must_use]
    pub fn keys(&self) -> Option<Arc<MacKeys>> {
        self.keys.as_ref().map(|keys| keys())
    }

    /// Where it ends.
    ///
    /// # Errors
    /// [`HistoryError::Unreadable`]
    pub async fn head(&self) -> Result<Position, HistoryError> {
        Ok(self.log.head().await?)
    }

    /// The events of one stream, in order.
    ///
    /// # Errors
    /// [`HistoryError`]
    pub async fn stream(&self, stream: &StreamName) -> Result<Vec<Witnessed>, HistoryError> {
        let recorded = self.log.read_stream(stream, Revision::FIRST).await?;
        let keys = self.keys();
        let witnessed = recorded.into_iter().map(|event| witness(event, keys.as_deref(), self.identity()));
        Ok(witnessed.collect::<Result<_, _>>()?)
    }

    /// The event at a position; none where there is none. In a store whose positions have gaps only a position that was told
    /// can be asked for.
    ///
    /// # Errors
    /// [`HistoryError`]
    pub async fn event_at(&self, position: Position) -> Result<Option<Witnessed>, HistoryError> {
        let Some(before) = position.get().checked_sub(1) else { return Ok(None) };
        let found = self.log.read(Position::new(before), 1).await?;
        let found = found.into_iter().find(|event| event.position == position);
        let keys = self.keys();
        Ok(found.map(|event| witness(event, keys.as_deref(), self.identity())).transpose()?)
    }

    /// Goes through the events after a position, up to where the history ends now.
    ///
    /// # Errors
    /// [`HistoryError::Unreadable`]
    pub async fn walk(&self, after: Position) -> Result<Walk, HistoryError> {
        let head = self.head().await?;
        let subscription = Subscription::new(Arc::clone(&self.log), after);
        Ok(Walk { history: self.clone(), subscription, head, epoch: 0 })
    }
}

/// A way through a history.
pub struct Walk {
    history: History,
    subscription: Subscription,
    head: Position,
    /// Of the last event.
    epoch: u32,
}

impl Walk {
    /// Where it ends.
    #[must_use]
    pub fn head(&self) -> Position {
        self.head
    }

    /// How far it has come.
    #[must_use]
    pub fn position(&self) -> Position {
        self.subscription.position()
    }

    /// The events that come next, in order; none at the end.
    ///
    /// # Errors
    /// [`HistoryError`]; the walk is over then.
    pub async fn next(&mut self) -> Result<Vec<Witnessed>, HistoryError> {
        if self.position() >= self.head {
            return Ok(Vec::new());
        }
        let mut recorded = self.subscription.next().await?;
        if recorded.is_empty() {
            let cut = format!("it ended at position {} a moment ago, and now before it", self.head);
            return Err(ReadError::Damaged(cut).into());
        }
        recorded.retain(|event| event.position <= self.head);
        let keys = self.history.keys();
        let mut witnessed = Vec::with_capacity(recorded.len());
        for event in recorded {
            let event = witness(event, keys.as_deref(), self.history.identity())?;
            let (found, before) = (event.event.epoch, self.epoch);
            if found < before {
                let why = Distrust::EpochFell { found, before };
                return Err(Unbelievable { position: event.position, why }.into());
            }
            self.epoch = found;
            witnessed.push(event);
        }
        Ok(witnessed)
    }
}

/// Reads one event, and checks of it what can be checked by itself.
fn witness(
    recorded: RecordedEvent,
    keys: Option<&MacKeys>,
    log: LogIdentity,
) -> Result<Witnessed, Unbelievable> {
    let parts = Parts {
        id: recorded.id,
        stream: recorded.stream.as_str(),
        revision: recorded.revision.get(),
        public: &recorded.public,
        private: &recorded.private,
        mac: &recorded.mac,
    };
    let distrust = |why| Unbelievable { position: recorded.position, why };
    let event = match keys {
        Some(keys) => envelope::open(parts, log.log, keys),
        None => envelope::read(parts, log.log),
    };
    let event = event.map_err(|error| distrust(error.into()))?;
    if event.epoch > log.epoch {
        return Err(distrust(Distrust::EpochAhead { found: event.epoch, log: log.epoch }));
    }
    Ok(Witnessed { position: recorded.position, public: recorded.public, event })
}
