use std::{
    collections::HashSet,
    sync::{Arc, Mutex, PoisonError},
};

use uuid::Uuid;

use crate::{CommandService, Refusal, Request};

/// The idempotency keys of the requests that this process is working on, each as the id of its first event. Between
/// processes the log itself tells: an event id is recorded once.
#[derive(Clone, Default)]
pub(crate) struct InFlight(Arc<Mutex<HashSet<Uuid>>>);

/// A request that is being worked on, until it is dropped.
pub(crate) struct Underway {
    table: InFlight,
    id: Uuid,
}

impl InFlight {
    /// Enters a request.
    pub(crate) fn enter(&self, id: Uuid) -> Result<Underway, Refusal> {
        let entered = self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(id);
        if entered { Ok(Underway { table: self.clone(), id }) } else { Err(Refusal::IdempotencyKeyInFlight) }
    }
}

impl Drop for Underway {
    fn drop(&mut self) {
        self.table.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.id);
    }
}

impl CommandService {
    /// Enters a request that carries an idempotency key, for as long as the answer is held.
    pub(crate) fn enter(&self, request: &Request) -> Result<Option<Underway>, Refusal> {
        let names = request.names(self.identity().log);
        names.map(|names| self.inside().in_flight.enter(names.event_id(0))).transpose()
    }
}
