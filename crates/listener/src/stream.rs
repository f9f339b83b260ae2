//! The stream that actix reads and writes: a transport with deadlines.

use std::io;
use std::ops::Range;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::Instant;

use crate::alarm::Alarm;
use crate::connection::{Connection, Demand};
use crate::meters::End;
use crate::place::Place;
use crate::refusal::{Refusal, encode};
use crate::transport::Transport;

/// A connection that ends when its client is too slow.
///
/// To actix a deadline that passes looks like a client that has closed its side: it flushes what it has, and closes.
pub(crate) struct Stream {
    transport: Transport,
    connection: Place,
    alarm: Alarm,
    shut_down: bool,
}

impl Stream {
    pub(crate) fn new(transport: Transport, connection: Place) -> Self {
        let limits = &connection.worker.limits;
        let first = connection.deadline().unwrap_or_else(Instant::now);
        let alarm = Alarm::new(first, limits.head.min(limits.idle));
        Self { transport, connection, alarm, shut_down: false }
    }

    /// The state to share with the guard.
    pub(crate) fn connection(&self) -> &Rc<Connection> {
        &self.connection
    }

    /// Answers in the application's place, which has not been called. Only one attempt: a client that leaves no room for a few
    /// hundred bytes is not reading. If it has not even taken the answer before, this one would end up in the middle of that.
    fn refuse_head(&mut self, task: &mut Context<'_>) {
        let answer = encode(self.connection.worker.refuse(Refusal::HeadTooLarge));
        if !self.connection.is_stalled()
            && let Poll::Ready(Ok(_)) = Pin::new(&mut self.transport).poll_write(task, &answer)
        {
            // What is not ready or fails here is met again when the connection is closed.
            let _ = Pin::new(&mut self.transport).poll_flush(task);
            self.shut_down = Pin::new(&mut self.transport).poll_shutdown(task).is_ready();
        }
        self.connection.leave(End::HeadTooLarge);
    }

    /// Writes the application's words in place of `bytes`, if they are what actix answers by itself: to what it cannot parse, with
    /// an empty body, before it drops the connection. One attempt, as above.
    fn put_into_words(&mut self, bytes: &[u8], task: &mut Context<'_>) -> bool {
        const STATUS: Range<usize> = "HTTP/1.1 ".len().."HTTP/1.1 400".len();
        if !self.connection.is_nobodys_answer() {
            return false;
        }
        let refusal = match bytes.get(STATUS) {
            Some(b"400") => Refusal::Malformed,
            Some(b"431") => Refusal::HeadTooLarge,
            _ => return false,
        };
        let answer = encode(self.connection.worker.refuse(refusal));
        // What is not ready or fails here is met again when the connection is flushed.
        let _ = Pin::new(&mut self.transport).poll_write(task, &answer);
        true
    }

    /// Throws away what the client sends until it stops or its time is up.
    fn poll_discard(&mut self, task: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut scratch = [0; 4096];
        loop {
            let mut scratch = ReadBuf::new(&mut scratch);
            if self.alarm.has_passed(self.connection.deadline(), task) {
                break;
            }
            ready!(Pin::new(&mut self.transport).poll_read(task, &mut scratch))?;
            if scratch.filled().is_empty() {
                break;
            }
        }
        self.connection.expire();
        Poll::Ready(Ok(()))
    }

    /// Fails what waits for the client when it has taken nothing of it for too long.
    fn watch_reader<T>(
        &mut self,
        outcome: Poll<io::Result<T>>,
        task: &mut Context<'_>,
    ) -> Poll<io::Result<T>> {
        if outcome.is_ready() {
            self.connection.flows();
            return outcome;
        }
        let by = self.connection.stalls();
        if self.alarm.has_passed(Some(by), task) {
            self.connection.stalled_too_long();
            return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
        }
        Poll::Pending
    }
}

impl AsyncRead for Stream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        task: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = &mut *self;
        match this.connection.demand(task) {
            Demand::Read => {}
            Demand::Pause => {
                task.waker().wake_by_ref();
                return Poll::Pending;
            }
            Demand::Wait => return Poll::Pending,
            Demand::RefuseHead => {
                this.refuse_head(task);
                return this.poll_discard(task);
            }
            Demand::Discard => return this.poll_discard(task),
            Demand::End => return Poll::Ready(Ok(())),
        }
        let before = into.filled().len();
        match Pin::new(&mut this.transport).poll_read(task, into) {
            Poll::Ready(outcome) => {
                outcome?;
                this.connection.received(&into.filled()[before..]);
                Poll::Ready(Ok(()))
            }
            Poll::Pending if this.alarm.has_passed(this.connection.deadline(), task) => {
                this.connection.expire();
                Poll::Ready(Ok(()))
            }
            Poll::Pending => {
                this.connection.sleep(task);
                Poll::Pending
            }
        }
    }
}

impl AsyncWrite for Stream {
    fn poll_write(mut self: Pin<&mut Self>, task: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        if self.put_into_words(bytes, task) {
            return Poll::Ready(Ok(bytes.len()));
        }
        let outcome = Pin::new(&mut self.transport).poll_write(task, bytes);
        self.watch_reader(outcome, task)
    }

    fn poll_flush(mut self: Pin<&mut Self>, task: &mut Context<'_>) -> Poll<io::Result<()>> {
        // Behind its answer to half a body, actix reads no more until it is woken; so the alarm for that is set here.
        if let Some(by) = self.connection.farewell()
            && self.alarm.has_passed(Some(by), task)
        {
            self.connection.expire();
            task.waker().wake_by_ref();
        }
        let outcome = Pin::new(&mut self.transport).poll_flush(task);
        if outcome.is_ready() {
            self.connection.flushed();
        }
        self.watch_reader(outcome, task)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, task: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.shut_down {
            return Poll::Ready(Ok(()));
        }
        let outcome = Pin::new(&mut self.transport).poll_shutdown(task);
        self.watch_reader(outcome, task)
    }
}
