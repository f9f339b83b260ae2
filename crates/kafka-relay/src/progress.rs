use std::{sync::Arc, time::Instant};

use keyledger_event_log::Position;
use metrics::{Gauge, gauge};
use tokio::sync::watch;

use crate::StopReason;

/// How far the relay has come.
#[derive(Clone, Debug)]
pub struct Progress {
    /// The position of the last event whose records were committed; the start before Kafka was asked.
    pub position: Position,
    /// How many events the log held beyond it when it was last asked; an upper bound where positions are sparse.
    pub lag_events: u64,
    /// What it is doing.
    pub state: State,
    /// The last moment at which the log held nothing that is not committed by now; at first, when the relay was started.
    pub heard_at: Instant,
    /// How many events of a later release were published: their keys' facts are those from before them.
    pub unreadable: u64,
}

/// What the relay is doing.
#[derive(Clone, Debug)]
pub enum State {
    /// It has not published everything that was in the log yet.
    CatchingUp,
    /// It has published everything, and publishes what comes at once.
    Live,
    /// Kafka or the log does not answer, for this reason; it is tried again and again.
    CutOff(Arc<str>),
    /// It met what trying again does not help against, and will not go on.
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

/// The one who tells others how far the relay has come.
pub(crate) struct Teller {
    progress: watch::Sender<Progress>,
    /// 1 once the relay stopped by itself: the alarm for somebody to look.
    stopped: Gauge,
}

impl Teller {
    pub(crate) fn new(begun: Instant) -> (Self, watch::Receiver<Progress>) {
        let (sender, receiver) = watch::channel(Progress {
            position: Position::START,
            lag_events: 0,
            state: State::CatchingUp,
            heard_at: begun,
            unreadable: 0,
        });
        let stopped = gauge!("keyledger_kafka_relay_stopped");
        stopped.set(0.0);
        (Self { progress: sender, stopped }, receiver)
    }

    pub(crate) fn now(&self) -> Progress {
        self.progress.borrow().clone()
    }

    pub(crate) fn published(&self, position: Position, unreadable: u64) {
        self.progress.send_modify(|progress| {
            progress.position = position;
            progress.unreadable += unreadable;
            if matches!(progress.state, State::CutOff(_)) {
                progress.state = State::CatchingUp;
            }
        });
    }

    pub(crate) fn lag(&self, events: u64) {
        self.progress.send_modify(|progress| progress.lag_events = events);
    }

    /// Everything that was in the log at this moment is committed by now.
    pub(crate) fn heard(&self, at: Instant) {
        self.progress.send_modify(|progress| {
            progress.heard_at = at;
            progress.state = State::Live;
        });
    }

    pub(crate) fn cut_off(&self, why: &str) {
        self.progress.send_modify(|progress| progress.state = State::CutOff(why.into()));
    }

    /// Nothing more will come.
    pub(crate) fn over(&self, outcome: Result<(), StopReason>) {
        if outcome.is_err() {
            self.stopped.set(1.0);
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
