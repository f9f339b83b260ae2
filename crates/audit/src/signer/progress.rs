use std::{sync::Arc, time::Instant};

use keyledger_event_log::Position;
use tokio::sync::watch;

use super::{StopReason, meters::Meters};

/// How far the signer has come.
#[derive(Clone, Debug)]
pub struct Progress {
    /// The position of the last event that a published checkpoint covers; the start before the first.
    pub position: Position,
    /// How many events that checkpoint covers.
    pub size: u64,
    /// How many events the log held beyond it when it was last asked; an upper bound where positions are sparse.
    pub lag_events: u64,
    /// What it is doing.
    pub state: State,
    /// The last moment at which the log held nothing that is not signed by now; at first, when the signer was started.
    pub heard_at: Instant,
}

/// What the signer is doing.
#[derive(Clone, Debug)]
pub enum State {
    /// It reads again what it signed before, or has not signed everything that was in the log yet.
    CatchingUp,
    /// It has signed everything, and signs what comes.
    Live,
    /// The log or the disk does not answer, for this reason; it is tried again and again.
    CutOff(Arc<str>),
    /// It met what nobody may sign, and will not go on.
    Stopped(Arc<StopReason>),
    /// It was asked to end.
    Ended,
}

impl State {
    /// Whether nothing more will come.
    #[must_use]
    pub fn is_over(&self) -> bool {
        matches!(self, Self::Stopped(_) | Self::Ended)
    }
}

/// The one who tells others how far the signer has come.
pub(super) struct Teller {
    progress: watch::Sender<Progress>,
    meters: Meters,
}

impl Teller {
    pub(super) fn new(begun: Instant) -> (Self, watch::Receiver<Progress>) {
        let (progress, receiver) = watch::channel(Progress {
            position: Position::START,
            size: 0,
            lag_events: 0,
            state: State::CatchingUp,
            heard_at: begun,
        });
        (Self { progress, meters: Meters::new() }, receiver)
    }

    /// A checkpoint was published that covers so many events.
    pub(super) fn signed(&self, size: u64, position: Position) {
        self.meters.signed.set(size as f64);
        self.progress.send_modify(|progress| {
            progress.size = size;
            progress.position = position;
            if matches!(progress.state, State::CutOff(_)) {
                progress.state = State::CatchingUp;
            }
        });
    }

    pub(super) fn lag(&self, events: u64, now: Instant) {
        self.meters.lag_events.set(events as f64);
        self.progress.send_modify(|progress| {
            progress.lag_events = events;
            self.meters.lag(now.saturating_duration_since(progress.heard_at));
        });
    }

    /// Everything that was in the log at this moment is signed by now.
    pub(super) fn heard(&self, at: Instant) {
        self.progress.send_modify(|progress| {
            progress.heard_at = at;
            progress.state = State::Live;
        });
    }

    pub(super) fn cut_off(&self, why: &str) {
        self.progress.send_modify(|progress| progress.state = State::CutOff(why.into()));
    }

    /// Nothing more will come.
    pub(super) fn over(&self, outcome: Result<(), StopReason>) {
        if outcome.is_err() {
            self.meters.stopped.set(1.0);
        }
        let state = outcome.map_or_else(|reason| State::Stopped(Arc::new(reason)), |()| State::Ended);
        self.progress.send_modify(|progress| progress.state = state);
    }
}

impl Drop for Teller {
    fn drop(&mut self) {
        // A thread that unwinds says nothing by itself, and its last word must not be that it is live.
        if std::thread::panicking() {
            self.over(Err(StopReason::Panicked));
        }
    }
}
