use std::{sync::Arc, time::Instant};

use keyledger_event_log::Position;
use metrics::{Gauge, gauge};
use tokio::sync::watch;

use crate::{Progress, State, StopReason};

/// The one who tells others how far the projector has come.
pub(crate) struct Publisher {
    progress: watch::Sender<Progress>,
    /// 1 once the projector stopped by itself: the alarm for somebody to look.
    stopped: Gauge,
}

impl Publisher {
    pub(crate) fn new(projection: &'static str, position: Position) -> (Self, watch::Receiver<Progress>) {
        let (progress, receiver) =
            watch::channel(Progress { position, state: State::CatchingUp, heard_at: None });
        let stopped = gauge!("keyledger_projectors_stopped", "projection" => projection);
        stopped.set(0.0);
        (Self { progress, stopped }, receiver)
    }

    /// The projection holds the events up to `position`; there may be more.
    pub(crate) fn applied(&self, position: Position) {
        self.progress.send_modify(|progress| {
            progress.position = position;
            if matches!(progress.state, State::CutOff(_)) {
                progress.state = State::CatchingUp;
            }
        });
    }

    /// From where the projection goes on: not always from where it was.
    pub(crate) fn begins_at(&self, position: Position) {
        self.progress.send_modify(|progress| progress.position = position);
    }

    /// The position that was told last.
    pub(crate) fn position(&self) -> Position {
        self.progress.borrow().position
    }

    /// The projection holds everything that was in the log at this moment.
    pub(crate) fn heard(&self, at: Instant) {
        self.progress.send_modify(|progress| {
            progress.heard_at = Some(at);
            progress.state = State::Live;
        });
    }

    /// When [`Publisher::heard`] was last said.
    pub(crate) fn heard_at(&self) -> Option<Instant> {
        self.progress.borrow().heard_at
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

impl Drop for Publisher {
    fn drop(&mut self) {
        // A thread that unwinds says nothing by itself, and its last word must not be that it is live.
        if std::thread::panicking() {
            self.over(Err(StopReason::Panicked));
        }
    }
}
