use std::{sync::Arc, time::Duration};

use keyledger_event_log::EventLog;

use crate::{
    CheckedEvent, MacKeysSource, MonotonicClock, Projection, ProjectionError, StopReason, intake::Intake,
    meters::Meters, publisher::Publisher,
};

/// How long is waited before what does not answer is tried again: at first, and at most. The longest stays well under
/// the soft bound of a validator, so that an outage does not outlive itself.
const FIRST_PAUSE: Duration = Duration::from_millis(20);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

/// A projection, what it follows, and whom it tells.
pub(crate) struct Follower<P> {
    pub(crate) projection: P,
    pub(crate) log: Arc<dyn EventLog>,
    pub(crate) keys: MacKeysSource,
    pub(crate) clock: MonotonicClock,
    pub(crate) publisher: Publisher,
    pub(crate) meters: Meters,
}

impl<P: Projection> Follower<P> {
    /// Follows the log until something happens that nobody may read past.
    ///
    /// Between two awaits stands a whole batch or nothing, so that dropping the future ends it between batches.
    pub(crate) async fn follow(&mut self) -> StopReason {
        let mut pause = FIRST_PAUSE;
        loop {
            let reason = self.follow_while_answered(&mut pause).await;
            let Some(why) = reason.passing() else { return reason };
            tracing::warn!(projection = self.projection.name(), why, "cut off; trying again");
            self.publisher.cut_off(&why);
            self.measure_lag();
            tokio::time::sleep(pause).await;
            pause = LONGEST_PAUSE.min(pause * 2);
        }
    }

    async fn follow_while_answered(&mut self, pause: &mut Duration) -> StopReason {
        let checkpoint = self.projection.checkpoint();
        self.meters.position(checkpoint.position);
        self.publisher.begins_at(checkpoint.position);
        let mut intake = match Intake::after(&checkpoint, Arc::clone(&self.log), Arc::clone(&self.keys)).await
        {
            Ok(intake) => intake,
            Err(reason) => return reason,
        };
        // One that holds everything already, as after a restart, is live without waiting for what comes.
        if let Err(reason) = self.look_at_the_head(&mut intake).await {
            return reason;
        }
        loop {
            if let Err(reason) = self.step(&mut intake).await {
                return reason;
            }
            *pause = FIRST_PAUSE;
        }
    }

    /// Takes in one batch, or hears that there is nothing new.
    async fn step(&mut self, intake: &mut Intake) -> Result<(), StopReason> {
        let events = intake.next().await?;
        if events.is_empty() {
            return self.heard((self.clock)());
        }
        self.take_in(&events)?;
        // It is asked after the batch was published, since somebody may wait for that.
        self.look_at_the_head(intake).await
    }

    /// Whether what was taken in was all, only the head tells: a batch may be short for reasons of the store.
    async fn look_at_the_head(&mut self, intake: &mut Intake) -> Result<(), StopReason> {
        let asked = (self.clock)();
        let lag = intake.lag().await?;
        self.meters.lag_events(lag);
        if lag == 0 {
            return self.heard(asked);
        }
        self.measure_lag();
        Ok(())
    }

    fn take_in(&mut self, events: &[CheckedEvent]) -> Result<(), StopReason> {
        self.projection.apply(events)?;
        self.meters.alarm(events);
        let position = self.projection.checkpoint().position;
        self.publisher.applied(position);
        self.meters.position(position);
        Ok(())
    }

    /// Nothing is lacking, unless the model lost its last moments while nothing came: then it is gone on with from there.
    fn heard(&mut self, at: std::time::Instant) -> Result<(), StopReason> {
        self.projection.heard(at);
        let held = self.projection.checkpoint().position;
        if held < self.publisher.position() {
            let why = format!("it fell back to position {held}, and is brought up again from there");
            return Err(ProjectionError::Unavailable(why).into());
        }
        self.publisher.heard(at);
        self.meters.lag_events(0);
        self.measure_lag();
        Ok(())
    }

    fn measure_lag(&self) {
        if let Some(heard_at) = self.publisher.heard_at() {
            self.meters.lag_seconds((self.clock)().saturating_duration_since(heard_at));
        }
    }
}
