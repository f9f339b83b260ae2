//! The places that a worker has for connections, and who loses theirs when all are taken.

use std::ops::Deref;
use std::rc::Rc;

use crate::connection::Connection;
use crate::worker::Worker;

/// The place of a connection among those of its worker. It is dropped when the connection is closed.
pub(crate) struct Place(Rc<Connection>);

impl Place {
    /// Takes a place for a connection that has just been opened. If none is free, the connection that has been quiet longest
    /// is closed for it; `None` if not one is quiet.
    pub(crate) fn take(worker: &Rc<Worker>) -> Option<Self> {
        let mut taken = worker.places.borrow_mut();
        if taken.len() >= worker.limits.connections {
            let quiet = taken.iter().enumerate().filter_map(|(at, other)| Some((other.quiet_since()?, at)));
            let (_, longest) = quiet.min()?;
            taken.swap_remove(longest).give_up();
        }
        let connection = Rc::new(Connection::new(Rc::clone(worker)));
        taken.push(Rc::clone(&connection));
        worker.meters.opened();
        Some(Self(connection))
    }
}

impl Deref for Place {
    type Target = Rc<Connection>;

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let worker = &self.0.worker;
        let mut taken = worker.places.borrow_mut();
        // One that was closed for another has lost its place already.
        if let Some(own) = taken.iter().position(|other| Rc::ptr_eq(other, &self.0)) {
            taken.swap_remove(own);
        }
        worker.meters.closed(self.0.end());
    }
}
