//! The time from the end of a request's head to the last byte of its answer.

use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use actix_web::body::{BodySize, BoxBody, MessageBody};
use bytes::Bytes;

use crate::connection::Connection;

/// A request that is being answered; when dropped, it no longer is.
pub(crate) struct Turn {
    connection: Rc<Connection>,
    /// Whether it holds a place among the requests in flight.
    in_flight: bool,
}

impl Turn {
    /// Begins a request on `connection`.
    pub(crate) fn begin(connection: Rc<Connection>) -> Self {
        connection.begin();
        Self { connection, in_flight: false }
    }

    pub(crate) fn connection(&self) -> &Rc<Connection> {
        &self.connection
    }

    /// Takes a place among the requests in flight, if one is free.
    pub(crate) fn enter(&mut self) -> bool {
        self.in_flight = self.connection.worker.enter();
        self.in_flight
    }

    /// The application has answered: its place is free, though the body may still be on its way.
    pub(crate) fn leave(&mut self) {
        if std::mem::take(&mut self.in_flight) {
            self.connection.worker.leave();
        }
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.leave();
        self.connection.finish();
    }
}

/// An answer's body. actix drops it when it has its last byte, and with it the request's turn ends.
pub(crate) struct Answer {
    pub(crate) body: BoxBody,
    /// Held for its drop.
    pub(crate) _turn: Turn,
}

impl MessageBody for Answer {
    type Error = <BoxBody as MessageBody>::Error;

    fn size(&self) -> BodySize {
        self.body.size()
    }

    fn poll_next(
        mut self: Pin<&mut Self>,
        task: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, Self::Error>>> {
        Pin::new(&mut self.body).poll_next(task)
    }
}
