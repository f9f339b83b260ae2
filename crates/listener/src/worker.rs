//! What all connections of one worker thread share.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use actix_web::HttpResponse;

use crate::connection::Connection;
use crate::meters::Meters;
use crate::refusal::Refusal;
use crate::settings::Limits;

/// One thread's part of a listener. Nothing in it is shared with another thread, so counting costs no atomics.
pub(crate) struct Worker {
    /// The listener's limits, those on numbers already divided by the number of workers.
    pub(crate) limits: Limits,
    pub(crate) meters: Meters,
    refuse: fn(Refusal) -> HttpResponse,
    in_flight: Cell<usize>,
    /// The connections that have a place.
    pub(crate) places: RefCell<Vec<Rc<Connection>>>,
    /// Clients that are being sent away for want of a place.
    pub(crate) at_the_door: Cell<usize>,
}

impl Worker {
    pub(crate) fn new(listener: &'static str, limits: Limits, refuse: fn(Refusal) -> HttpResponse) -> Self {
        Self {
            limits,
            meters: Meters::new(listener),
            refuse,
            in_flight: Cell::new(0),
            places: RefCell::default(),
            at_the_door: Cell::new(0),
        }
    }

    /// Takes a place among the requests in flight, if one is free; `leave` gives it back.
    pub(crate) fn enter(&self) -> bool {
        let free = self.in_flight.get() < self.limits.in_flight;
        if free {
            self.in_flight.set(self.in_flight.get() + 1);
        }
        free
    }

    /// Gives back a place that `enter` took.
    pub(crate) fn leave(&self) {
        self.in_flight.set(self.in_flight.get() - 1);
    }

    /// The application's words for `refusal`, counted.
    pub(crate) fn refuse(&self, refusal: Refusal) -> HttpResponse {
        self.meters.refused(refusal);
        refusal.complete((self.refuse)(refusal))
    }
}
