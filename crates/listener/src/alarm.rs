//! One timer a connection, set as seldom as possible.

use std::pin::Pin;
use std::task::Context;
use std::time::Duration;

use tokio::time::{Instant, Sleep, sleep_until};

/// Wakes a connection's task no later than at its current deadline.
///
/// Deadlines move with every request, and setting a timer costs more than letting one ring for nothing: the alarm is brought
/// forward when a deadline is nearer than the one it is set to, and put off only when it rings. A busy connection so sets it
/// once in several seconds, and no clock is read to ask it.
pub(crate) struct Alarm {
    sleep: Pin<Box<Sleep>>,
    snooze: Duration,
}

impl Alarm {
    /// An alarm that first rings at `first`, and every `snooze` while there is no deadline.
    pub(crate) fn new(first: Instant, snooze: Duration) -> Self {
        Self { sleep: Box::pin(sleep_until(first)), snooze }
    }

    /// Whether `deadline` has passed. If not, the task is woken when it does, or earlier.
    pub(crate) fn has_passed(&mut self, deadline: Option<Instant>, task: &mut Context<'_>) -> bool {
        if let Some(deadline) = deadline
            && deadline < self.sleep.deadline()
        {
            self.sleep.as_mut().reset(deadline);
        }
        while self.sleep.as_mut().poll(task).is_ready() {
            if deadline.is_some_and(|deadline| deadline <= self.sleep.deadline()) {
                return true;
            }
            let next = deadline.unwrap_or_else(|| Instant::now() + self.snooze);
            self.sleep.as_mut().reset(next);
        }
        false
    }
}
