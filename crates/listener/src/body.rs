//! A request's body, with a clock on it.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use actix_web::dev::Payload;
use actix_web::error::PayloadError;
use bytes::Bytes;
use futures_util::Stream;
use tokio::time::{Instant, Sleep, sleep_until};

use crate::connection::Connection;
use crate::tail::Tail;

/// Fails when the application waits for more of the body after the deadline. The guard then answers 408 whatever the
/// application makes of that failure.
pub(crate) struct TimedBody {
    payload: Payload,
    connection: Rc<Connection>,
    by: Instant,
    /// Made only for a body that does not come together with its head.
    alarm: Option<Pin<Box<Sleep>>>,
    tail: Tail,
}

impl TimedBody {
    /// Starts the clock on `payload`.
    pub(crate) fn new(payload: Payload, connection: Rc<Connection>) -> Self {
        let by = connection.expect_body();
        Self { payload, connection, by, alarm: None, tail: Tail::default() }
    }
}

impl Stream for TimedBody {
    type Item = Result<Bytes, PayloadError>;

    fn poll_next(mut self: Pin<&mut Self>, task: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = &mut *self;
        match Pin::new(&mut this.payload).poll_next(task) {
            Poll::Ready(Some(Ok(chunk))) => {
                this.tail.push(&chunk);
                Poll::Ready(Some(Ok(chunk)))
            }
            Poll::Ready(None) => {
                this.connection.body_is_whole(this.tail);
                Poll::Ready(None)
            }
            Poll::Ready(failure) => Poll::Ready(failure),
            Poll::Pending => {
                let by = this.by;
                let alarm = this.alarm.get_or_insert_with(|| Box::pin(sleep_until(by)));
                if alarm.as_mut().poll(task).is_pending() {
                    return Poll::Pending;
                }
                this.connection.body_is_late();
                this.payload = Payload::None;
                Poll::Ready(Some(Err(PayloadError::Io(io::ErrorKind::TimedOut.into()))))
            }
        }
    }
}
