//! The stream that actix reads and writes: a transport with deadlines.

use std::io;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::Instant;

use crate::alarm::Alarm;
use crate::connection::{Connection, Demand};
use crate::meters::End;
use crate::refusal::{Refusal, encode};
use crate::transport::Transport;

/// A connection that ends when its client is too slow.
///
/// To actix a deadline that passes looks like a client that has closed its side: it flushes what it has, and closes.
pub(crate) struct Stream {
    transport: Transport,
    connection: Rc<Connection>,
    alarm: Alarm,
    /// When the client has to have taken something of what waits for it, while something does.
    stalled: Option<Instant>,
    shut_down: bool,
}

impl Stream {
    pub(crate) fn new(transport: Transport, connection: Connection) -> Self {
        let limits = &connection.worker.limits;
        let first = connection.deadline().unwrap_or_else(Instant::now);
        let alarm = Alarm::new(first, limits.head.min(limits.idle));
        Self { transport, connection: Rc::new(connection), alarm, stalled: None, shut_down: false }
    }

    /// The state to share with the guard.
    pub(crate) fn connection(&self) -> &Rc<Connection> {
        &self.connection
    }

    /// Answers in the application's place, which has not been called. Only one attempt: a client that leaves no room for a few
    /// hundred bytes is not reading. If it has not even taken the answer before, this one would end up in the middle of that.
    fn refuse_head(&mut self, task: &mut Context<'_>) {
        let answer = encode(self.connection.worker.refuse(Refusal::HeadTooLarge));
        if self.stalled.is_none()
            && let Poll::Ready(Ok(_)) = Pin::new(&mut self.transport).poll_write(task, &answer)
        {
            // What is not ready or fails here is met again when the connection is closed.
            let _ = Pin::new(&mut self.transport).poll_flush(task);
            self.shut_down = Pin::new(&mut self.transport).poll_shutdown(task).is_ready();
        }
        self.connection.leave(End::HeadTooLarge);
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
            self.stalled = None;
            return outcome;
        }
        let limit = self.connection.worker.limits.stalled_reader;
        let by = *self.stalled.get_or_insert_with(|| Instant::now() + limit);
        if self.alarm.has_passed(Some(by), task) {
            self.connection.stalled();
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
            Poll::Pending => Poll::Pending,
        }
    }
}

impl AsyncWrite for Stream {
    fn poll_write(mut self: Pin<&mut Self>, task: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
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

impl Drop for Stream {
    fn drop(&mut self) {
        self.connection.worker.meters.closed(self.connection.end());
    }
}
