//! What one connection is doing, as far as the stream below actix and the guard above it know together.
//!
//! The clock is the runtime's monotonic one: it only measures how long a client takes.

use std::cell::Cell;
use std::rc::Rc;
use std::task::{Context, Waker};
use std::time::Duration;

use tokio::time::Instant;

use crate::meters::End;
use crate::tail::Tail;
use crate::target::TargetWatch;
use crate::worker::Worker;

/// How long a client is listened to behind the last answer, so that it can read it: closing on unread bytes would reset the
/// connection, and the answer could be lost with it.
pub(crate) const FAREWELL: Duration = Duration::from_secs(1);

/// What the client owes, and until when.
#[derive(Debug, Clone, Copy)]
enum Phase {
    /// Nothing; it may ask again.
    Idle { until: Instant },
    /// The rest of a head, of which `read` bytes or more have come.
    Head { by: Instant, read: usize },
    /// A head that has come to the limit. The parser sees it once more, as its end may be in it.
    FullHead { by: Instant },
    /// Patience: the application is answering. A body has its own clock.
    Busy,
    /// Nothing more. What still comes is thrown away, until it has had time to read the last answer.
    Leaving { by: Instant },
    /// Nothing more, and actix has been told that the stream has ended.
    Over,
}

/// The body of the request that is being answered.
#[derive(Debug, Clone, Copy)]
enum Body {
    None,
    /// Not yet read to its end.
    Coming,
    /// Read to its end, which looked like this.
    Whole(Tail),
    Late,
}

/// What the stream shall do when it is asked for bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Demand {
    Read,
    /// Not read now, but let the parser look at what there is, and ask again.
    Pause,
    /// Not read now; the task is woken when there is a reason to.
    Wait,
    /// Answer that the head is too large, and say goodbye.
    RefuseHead,
    /// Read and throw away.
    Discard,
    /// Report the end of the stream.
    End,
}

/// The state that stream, guard, body and answer of one connection share.
pub(crate) struct Connection {
    pub(crate) worker: Rc<Worker>,
    phase: Cell<Phase>,
    body: Cell<Body>,
    tail: Cell<Tail>,
    targets: Cell<TargetWatch>,
    /// Bytes read since nothing was left over: no head that is being parsed can be longer.
    unparsed: Cell<usize>,
    /// The task that asked for bytes and got none.
    task: Cell<Option<Waker>>,
    /// Whether that task was told to wait for the end of the answer.
    waiting: Cell<bool>,
    /// When the client has to have taken something of what waits for it, while something does.
    stalled: Cell<Option<Instant>>,
    /// Whether the end of an answer has been handed to actix and not yet been written.
    unflushed: Cell<bool>,
    /// Whether the connection has lost its place to another.
    given_up: Cell<bool>,
    end: Cell<End>,
}

impl Connection {
    /// A connection that has just been opened: its first head is due.
    pub(crate) fn new(worker: Rc<Worker>) -> Self {
        let by = Instant::now() + worker.limits.head;
        Self {
            worker,
            phase: Cell::new(Phase::Head { by, read: 0 }),
            body: Cell::new(Body::None),
            tail: Cell::new(Tail::default()),
            targets: Cell::new(TargetWatch::default()),
            unparsed: Cell::new(0),
            task: Cell::new(None),
            waiting: Cell::new(false),
            stalled: Cell::new(None),
            unflushed: Cell::new(false),
            given_up: Cell::new(false),
            end: Cell::new(End::Done),
        }
    }

    // What the stream tells and asks.

    /// What to do when actix asks for bytes.
    ///
    /// While it waits for the application, actix reads on until its buffer of 128 KiB is full, and then spins. So it gets no
    /// more than the length of a head before the answer, but for the request's own body.
    pub(crate) fn demand(&self, task: &Context<'_>) -> Demand {
        match self.phase.get() {
            Phase::Head { by, read } if read >= self.worker.limits.head_bytes => {
                self.phase.set(Phase::FullHead { by });
                Demand::Pause
            }
            Phase::Busy if self.has_read_ahead() => {
                self.waiting.set(true);
                self.sleep(task);
                Demand::Wait
            }
            Phase::Idle { .. } | Phase::Head { .. } | Phase::Busy => Demand::Read,
            Phase::FullHead { .. } => Demand::RefuseHead,
            Phase::Leaving { .. } => Demand::Discard,
            Phase::Over => Demand::End,
        }
    }

    /// `bytes` have come, and actix has them.
    pub(crate) fn received(&self, bytes: &[u8]) {
        let mut tail = self.tail.get();
        tail.push(bytes);
        self.tail.set(tail);
        self.unparsed.set(self.unparsed.get().saturating_add(bytes.len()));
        let mut targets = self.targets.get();
        if matches!(self.phase.get(), Phase::Idle { .. }) {
            targets = TargetWatch::default();
        }
        targets.push(bytes);
        self.targets.set(targets);
        match self.phase.get() {
            Phase::Idle { .. } => {
                let by = Instant::now() + self.worker.limits.head;
                self.phase.set(Phase::Head { by, read: bytes.len() });
            }
            Phase::Head { by, read } => {
                self.phase.set(Phase::Head { by, read: read.saturating_add(bytes.len()) })
            }
            _ => {}
        }
    }

    /// When the client's patience ends, if it owes anything that the stream watches.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        match self.phase.get() {
            Phase::Idle { until: by }
            | Phase::Head { by, .. }
            | Phase::FullHead { by }
            | Phase::Leaving { by } => Some(by),
            Phase::Busy | Phase::Over => None,
        }
    }

    /// When to close behind the last answer, once it has been handed to actix.
    pub(crate) fn farewell(&self) -> Option<Instant> {
        if let Phase::Leaving { by } = self.phase.get() { Some(by) } else { None }
    }

    /// The deadline has passed, or the client has closed its side: nothing more will be read.
    pub(crate) fn expire(&self) {
        match self.phase.get() {
            Phase::Idle { .. } if self.given_up.get() => self.end.set(End::MadeRoom),
            Phase::Idle { .. } => self.end.set(End::Idle),
            Phase::Head { .. } | Phase::FullHead { .. } => self.end.set(End::Head),
            Phase::Busy | Phase::Leaving { .. } | Phase::Over => {}
        }
        self.phase.set(Phase::Over);
    }

    /// The last answer is written, because of `end`.
    pub(crate) fn leave(&self, end: End) {
        self.end.set(end);
        self.phase.set(Phase::Leaving { by: Instant::now() + FAREWELL });
    }

    /// Why the connection ended, once it has.
    pub(crate) fn end(&self) -> End {
        self.end.get()
    }

    // What the guard, the body and the answer tell and ask.

    /// A head has ended, and a request begins. One that came along with the last is answered, but keeps nothing open.
    pub(crate) fn begin(&self) {
        if self.farewell().is_none() {
            self.phase.set(Phase::Busy);
        }
    }

    /// Whether the target of the head that has ended may hold a fragment; to be asked once a head.
    pub(crate) fn may_have_fragment(&self) -> bool {
        let mut targets = self.targets.get();
        let may = targets.end_head();
        self.targets.set(targets);
        may
    }

    /// Bytes that the head of the request that begins may have; it may have fewer.
    pub(crate) fn longest_head(&self) -> usize {
        self.unparsed.get()
    }

    /// The request has a body. Returns when it is due.
    pub(crate) fn expect_body(&self) -> Instant {
        let by = Instant::now() + self.worker.limits.body;
        self.body.set(Body::Coming);
        by
    }

    /// The application has read the whole body, which ended with `tail`.
    pub(crate) fn body_is_whole(&self, tail: Tail) {
        self.body.set(Body::Whole(tail));
    }

    /// The body's deadline has passed while the application waited for more of it.
    pub(crate) fn body_is_late(&self) {
        self.body.set(Body::Late);
    }

    /// Whether the body's deadline has passed while the application waited for more of it.
    pub(crate) fn is_body_late(&self) -> bool {
        matches!(self.body.get(), Body::Late)
    }

    /// Whether the answer that is about to be given is the last one: where the next request would begin is not known before
    /// all of this one's body has come, and nobody waits for that.
    pub(crate) fn is_last_answer(&self) -> bool {
        matches!(self.body.get(), Body::Coming | Body::Late)
            || self.farewell().is_some()
            || self.given_up.get()
    }

    /// The answer has been handed to actix to its last byte, or given up.
    pub(crate) fn finish(&self) {
        self.unflushed.set(true);
        if self.waiting.take() {
            self.wake();
        }
        let body = self.body.replace(Body::None);
        if self.farewell().is_some() {
            return;
        }
        let now = Instant::now();
        let next = match body {
            Body::Coming => return self.leave(End::Done),
            Body::Late => return self.leave(End::Body),
            _ if self.given_up.get() => return self.leave(End::MadeRoom),
            body if self.is_drained(body) => {
                self.unparsed.set(0);
                Phase::Idle { until: now + self.worker.limits.idle }
            }
            _ => Phase::Head { by: now + self.worker.limits.head, read: 0 },
        };
        self.phase.set(next);
    }

    /// Whether enough of the next requests has come to wait for the answer of this one.
    fn has_read_ahead(&self) -> bool {
        self.unparsed.get() >= self.worker.limits.head_bytes && !matches!(self.body.get(), Body::Coming)
    }

    /// Whether nothing of a next request has come behind `body`. The end of a body may by chance look like the beginning of a
    /// head, which then has as long as an idle connection.
    fn is_drained(&self, body: Body) -> bool {
        let tail = self.tail.get();
        tail.ends_with_empty_line() || matches!(body, Body::Whole(end) if tail.ends_like(end))
    }
}

mod outgoing;
mod quiet;
#[cfg(test)]
mod tests;
