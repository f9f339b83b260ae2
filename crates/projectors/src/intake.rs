use std::sync::Arc;

use keyledger_event_log::{Checkpoint, EventLog, Position, Subscription};

use crate::{CheckedEvent, MacKeysSource, StopReason, checked_event::Checker};

/// How many events are brought together, at most and nearly, to a reader that is far behind: what it pays for each batch
/// (a transaction, pages written) is paid seldom.
const BEHIND: usize = 8_000;

/// How many bytes of public parts are brought together, at most and nearly, whatever their number.
const BEHIND_BYTES: usize = 8 * 1024 * 1024;

/// The events of a log after a checkpoint, each checked: the one way in which a reader takes them in.
pub struct Intake {
    log: Arc<dyn EventLog>,
    subscription: Subscription,
    /// The last event that was given out.
    checkpoint: Checkpoint,
    checker: Checker,
    keys: MacKeysSource,
    /// As the log last told.
    head: Position,
}

impl Intake {
    /// Goes on after `checkpoint`, once the log has shown that it holds the event there.
    ///
    /// # Errors
    /// [`StopReason`]: the log is another one, or cannot be read.
    pub async fn after(
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
        let head = log.head().await?;
        let subscription = Subscription::new(Arc::clone(&log), checkpoint.position);
        Ok(Self { log, subscription, checkpoint: checkpoint.clone(), checker, keys, head })
    }

    /// Begins behind a position of which nothing is known, as whoever wants a part of the past does.
    ///
    /// # Errors
    /// [`StopReason`] where the log does not answer.
    pub async fn behind(
        position: Position,
        log: Arc<dyn EventLog>,
        keys: MacKeysSource,
    ) -> Result<Self, StopReason> {
        let (checker, head) = (Checker::new(log.identity()), log.head().await?);
        let subscription = Subscription::new(Arc::clone(&log), position);
        Ok(Self { log, subscription, checkpoint: Checkpoint::start(), checker, keys, head })
    }

    /// The events that come next; none where the log was asked and is quiet. Either way the log has shown anew that it
    /// holds the event before them: where an end was cut off, or written over, what comes next looks like any other.
    ///
    /// # Errors
    /// [`StopReason`], also for an event that nobody may believe.
    pub async fn next(&mut self) -> Result<Vec<CheckedEvent>, StopReason> {
        let mut events = self.next_few().await?;
        let mut bytes = bytes_of(&events);
        // What lies before a known head is there, so nobody waits for it.
        while !events.is_empty()
            && events.len() < BEHIND
            && bytes < BEHIND_BYTES
            && self.subscription.position() < self.head
        {
            let mut few = self.next_few().await?;
            bytes += bytes_of(&few);
            events.append(&mut few);
        }
        self.checkpoint.confirm(&*self.log).await?;
        if let Some(CheckedEvent { position, mac, .. }) = events.last() {
            self.checkpoint = Checkpoint { position: *position, mac: mac.clone() };
        }
        Ok(events)
    }

    async fn next_few(&mut self) -> Result<Vec<CheckedEvent>, StopReason> {
        let recorded = self.subscription.next().await?;
        let keys = (self.keys)();
        let checked = recorded.into_iter().map(|event| self.checker.check(event, &keys));
        Ok(checked.collect::<Result<_, _>>()?)
    }

    /// The head, as the log last told.
    #[must_use]
    pub fn head(&self) -> Position {
        self.head
    }

    /// Asks the log for its head, and says how many events are still to come.
    ///
    /// # Errors
    /// [`StopReason`] where the log does not answer.
    pub async fn lag(&mut self) -> Result<u64, StopReason> {
        self.head = self.log.head().await?;
        Ok(self.head.since(self.subscription.position()))
    }
}

fn bytes_of(events: &[CheckedEvent]) -> usize {
    events.iter().map(|event| event.public.len()).sum()
}
