use std::{sync::Arc, time::Duration};

use crate::{EventLog, Position, PositionOrder, ReadError, RecordedEvent};

/// Follows a log from a position on: first what is there, then what comes, with no seam between.
pub struct Subscription {
    log: Arc<dyn EventLog>,
    after: Position,
    batch: usize,
    patience: Duration,
}

impl Subscription {
    /// How many events one batch holds at most.
    pub const BATCH: usize = 1_000;

    /// How long a quiet log is waited for before [`Subscription::next`] answers with nothing.
    pub const PATIENCE: Duration = Duration::from_millis(500);

    /// Follows `log` after a position.
    #[must_use]
    pub fn new(log: Arc<dyn EventLog>, after: Position) -> Self {
        Self { log, after, batch: Self::BATCH, patience: Self::PATIENCE }
    }

    /// The position after which the next batch begins.
    #[must_use]
    pub fn position(&self) -> Position {
        self.after
    }

    /// The events that come next, in order; an empty batch says that the log was asked and had nothing new for
    /// [`Subscription::PATIENCE`]. After an error the same call may be made again.
    ///
    /// # Errors
    /// [`ReadError::Gap`] where a dense log skips a position: nobody may read past it. Otherwise as the log's.
    pub async fn next(&mut self) -> Result<Vec<RecordedEvent>, ReadError> {
        let mut events = self.log.read(self.after, self.batch).await?;
        if events.is_empty() && self.log.wait(self.after, self.patience).await? > self.after {
            events = self.log.read(self.after, self.batch).await?;
        }
        self.advance_over(&events)?;
        Ok(events)
    }

    fn advance_over(&mut self, events: &[RecordedEvent]) -> Result<(), ReadError> {
        let mut after = self.after;
        for event in events {
            let skips = match self.log.order() {
                PositionOrder::Dense => event.position != after.next(),
                PositionOrder::Sparse => event.position <= after,
            };
            if skips {
                return Err(ReadError::Gap { after, found: event.position });
            }
            after = event.position;
        }
        self.after = after;
        Ok(())
    }
}
