use std::sync::Arc;

use keyledger_event_log::{Checkpoint, EventLog, Position, Subscription};

use crate::{CheckedEvent, MacKeysSource, StopReason, checked_event::Checker};

/// The events of a log after a checkpoint, each checked.
pub(crate) struct Intake {
    subscription: Subscription,
    checker: Checker,
    keys: MacKeysSource,
}

impl Intake {
    /// Goes on after `checkpoint`, once the log has shown that it holds the event there.
    pub(crate) async fn after(
        checkpoint: &Checkpoint,
        log: Arc<dyn EventLog>,
        keys: MacKeysSource,
    ) -> Result<Self, StopReason> {
        checkpoint.confirm(&*log).await?;
        let mut checker = Checker::new(log.identity());
        if let Some(before) = checkpoint.position.get().checked_sub(1) {
            // The epoch of the last event that was read is the least that the next one may have.
            for event in log.read(Position::new(before), 1).await? {
                checker.check(event, &keys())?;
            }
        }
        Ok(Self { subscription: Subscription::new(log, checkpoint.position), checker, keys })
    }

    /// The events that come next; none where the log was asked and is quiet.
    pub(crate) async fn next(&mut self) -> Result<Vec<CheckedEvent>, StopReason> {
        let recorded = self.subscription.next().await?;
        if recorded.is_empty() {
            return Ok(Vec::new());
        }
        let keys = (self.keys)();
        let checked = recorded.into_iter().map(|event| self.checker.check(event, &keys));
        Ok(checked.collect::<Result<_, _>>()?)
    }
}
