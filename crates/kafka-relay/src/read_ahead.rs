use keyledger_event_log::ReadError;
use keyledger_projectors::StopReason;
use tokio::task::JoinSet;

use crate::{
    reading::{Outgoing, Reading},
    tasks,
};

/// How many events are far behind. A relay that is closer reads when it is about to publish, so that what came meanwhile
/// goes together; one that is not reads the next events while it publishes the last ones.
pub(crate) const FAR_BEHIND: u64 = 1_000;

/// A reading on the runtime, at most one step ahead of whoever publishes. Dropping it asks that step to end. After an error
/// it is of no more use: what was read by then is lost, and is read again by whoever begins anew.
pub(crate) struct ReadAhead {
    idle: Option<Reading>,
    step: JoinSet<Result<Done, StopReason>>,
}

/// What a step came to.
struct Done {
    reading: Reading,
    events: Vec<Outgoing>,
    /// How many events were still to come then.
    lag: u64,
}

impl ReadAhead {
    pub(crate) fn of(reading: Reading) -> Self {
        Self { idle: Some(reading), step: JoinSet::new() }
    }

    /// What comes next; nothing where the log is quiet.
    ///
    /// # Errors
    /// [`StopReason`] as for [`Reading::next`].
    pub(crate) async fn next(&mut self) -> Result<Vec<Outgoing>, StopReason> {
        if let Some(reading) = self.idle.take() {
            self.begin(reading);
        }
        let done = tasks::next(&mut self.step).await;
        let ended = || ReadError::Unavailable("the reading of the log has ended".to_owned());
        let Done { reading, events, lag } = done.ok_or_else(ended)??;
        if lag >= FAR_BEHIND {
            self.begin(reading);
        } else {
            self.idle = Some(reading);
        }
        Ok(events)
    }

    fn begin(&mut self, mut reading: Reading) {
        self.step.spawn(async move {
            let (events, lag) = (reading.next().await?, reading.lag().await?);
            Ok(Done { reading, events, lag })
        });
    }
}
