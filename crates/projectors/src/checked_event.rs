use keyledger_domain::envelope::{self, Event, MacKeys, OpenError, Parts};
use keyledger_event_log::{LogIdentity, Position, RecordedEvent};

/// A recorded event that was opened: authentic, in its place, and of this log.
#[derive(Clone, Debug)]
pub struct CheckedEvent {
    /// Where it stands in the log.
    pub position: Position,
    /// Its authentication code, for the checkpoint.
    pub mac: Vec<u8>,
    /// Its public part, as it was signed: whoever passes it on passes on these bytes.
    pub public: Vec<u8>,
    /// What it says.
    pub event: Event,
}

/// An event that is not to be believed. Nobody may read past it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the event at position {position} is not to be believed: {why}")]
pub struct Unbelievable {
    /// Where it stands.
    pub position: Position,
    /// What is wrong with it.
    #[source]
    pub why: Distrust,
}

/// Why an event is not to be believed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Distrust {
    /// It is forged, altered, moved, or of another log.
    #[error(transparent)]
    NotOpened(#[from] OpenError),
    /// It is of a life that this log has not begun: a later copy of the log wrote it.
    #[error("it is of epoch {found}, and this log lives in epoch {log}")]
    EpochAhead {
        /// Its epoch.
        found: u32,
        /// The log's.
        log: u32,
    },
    /// It is of an earlier life than the event before it.
    #[error("it is of epoch {found}, and stands behind an event of epoch {before}")]
    EpochFell {
        /// Its epoch.
        found: u32,
        /// The epoch of the event before it.
        before: u32,
    },
}

impl CheckedEvent {
    /// Checks a recorded event by itself. That epochs do not fall from one event to the
    /// next is checked by whoever reads several.
    ///
    /// # Errors
    /// [`Unbelievable`]. An authentic event that this build cannot read is no error.
    pub fn open(recorded: RecordedEvent, keys: &MacKeys, log: LogIdentity) -> Result<Self, Unbelievable> {
        let parts = Parts {
            id: recorded.id,
            stream: recorded.stream.as_str(),
            revision: recorded.revision.get(),
            public: &recorded.public,
            private: &recorded.private,
            mac: &recorded.mac,
        };
        let distrust = |why| Unbelievable { position: recorded.position, why };
        let event = envelope::open(parts, log.log, keys).map_err(|error| distrust(error.into()))?;
        if event.epoch > log.epoch {
            return Err(distrust(Distrust::EpochAhead { found: event.epoch, log: log.epoch }));
        }
        Ok(Self { position: recorded.position, mac: recorded.mac, public: recorded.public, event })
    }
}

/// Checks the events of one log, one after the other.
pub(crate) struct Checker {
    log: LogIdentity,
    epoch: u32,
}

impl Checker {
    pub(crate) fn new(log: LogIdentity) -> Self {
        Self { log, epoch: 0 }
    }

    /// Checks the next event.
    pub(crate) fn check(
        &mut self,
        recorded: RecordedEvent,
        keys: &MacKeys,
    ) -> Result<CheckedEvent, Unbelievable> {
        let checked = CheckedEvent::open(recorded, keys, self.log)?;
        let (found, before) = (checked.event.epoch, self.epoch);
        if found < before {
            let why = Distrust::EpochFell { found, before };
            return Err(Unbelievable { position: checked.position, why });
        }
        self.epoch = found;
        Ok(checked)
    }
}
