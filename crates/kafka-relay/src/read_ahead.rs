use std::sync::Arc;

use keyledger_projectors::StopReason;
use tokio::{sync::Mutex, task::JoinSet};

use crate::{
    reading::{Outgoing, Reading},
    tasks,
};

/// How many events are far behind. A relay that is closer reads when it is about to publish, so that what came meanwhile
/// goes together; one that is not reads the next events while it publishes the last ones.
pub(crate) const FAR_BEHIND: u64 = 1_000;

/// A reading on the runtime, at most one step ahead of whoever publishes. Dropping it ends that step.
pub(crate) struct ReadAhead {
    reading: Arc<Mutex<Reading>>,
    step: JoinSet<Result<Step, StopReason>>,
}

/// What was read, and how many events were still to come then.
struct Step(Vec<Outgoing>, u64);

impl ReadAhead {
    pub(crate) fn of(reading: Reading) -> Self {
        Self { reading: Arc::new(Mutex::new(reading)), step: JoinSet::new() }
    }

    /// What comes next; nothing where the log is quiet.
    ///
    /// # Errors
    /// [`StopReason`] as for [`Reading::next`].
    pub(crate) async fn next(&mut self) -> Result<Vec<Outgoing>, StopReason> {
        if self.step.is_empty() {
            self.begin();
        }
        let Some(step) = tasks::next(&mut self.step).await else { return Ok(Vec::new()) };
        let Step(events, lag) = step?;
        if lag >= FAR_BEHIND {
            self.begin();
        }
        Ok(events)
    }

    fn begin(&mut self) {
        let reading = Arc::clone(&self.reading);
        self.step.spawn(async move {
            let mut reading = reading.lock().await;
            Ok(Step(reading.next().await?, reading.lag().await?))
        });
    }
}
