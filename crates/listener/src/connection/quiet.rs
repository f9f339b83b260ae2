//! Connections on which nothing happens, and how one of them is closed for the sake of another.

use std::future::poll_fn;
use std::task::{Context, Poll};

use tokio::time::Instant;

use super::{Connection, Phase};
use crate::meters::End;

impl Connection {
    /// Since when nothing has happened, if the connection is between two requests, or has not sent a byte of its first: the
    /// client owes nothing or has not begun, and has taken all of its last answer.
    pub(crate) fn quiet_since(&self) -> Option<Instant> {
        let limits = &self.worker.limits;
        match self.phase.get() {
            Phase::Idle { until } if self.stalled.get().is_none() => Some(until - limits.idle),
            Phase::Head { by, .. } if self.unparsed.get() == 0 => Some(by - limits.head),
            _ => None,
        }
    }

    /// Ends a quiet connection now, to make room for another. A request that is on its way into the stream at this moment is still
    /// answered, as the last one.
    pub(crate) fn give_up(&self) {
        self.given_up.set(true);
        self.phase.set(Phase::Idle { until: Instant::now() });
        self.wake();
    }

    /// Completes when the connection has been given up.
    pub(crate) async fn given_up(&self) {
        poll_fn(|task| {
            if self.given_up.get() {
                return Poll::Ready(());
            }
            self.sleep(task);
            Poll::Pending
        })
        .await;
    }

    /// The handshake is done: from now on the first head is due.
    pub(crate) fn expect_head(&self) {
        if !self.given_up.get() {
            self.phase.set(Phase::Head { by: Instant::now() + self.worker.limits.head, read: 0 });
        }
    }

    /// The TLS handshake has come to nothing.
    pub(crate) fn handshake_failed(&self) {
        self.end.set(if self.given_up.get() { End::MadeRoom } else { End::Handshake });
    }

    /// `task` has got no bytes. A connection is served by one task all its life, so its waker is all but never cloned again.
    pub(crate) fn sleep(&self, task: &Context<'_>) {
        let known = self.task.take().filter(|known| known.will_wake(task.waker()));
        self.task.set(Some(known.unwrap_or_else(|| task.waker().clone())));
    }

    /// Has the stream asked for bytes again.
    pub(super) fn wake(&self) {
        if let Some(task) = self.task.take() {
            task.wake();
        }
    }
}
