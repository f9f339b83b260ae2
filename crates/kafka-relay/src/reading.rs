use std::sync::Arc;

use keyledger_domain::event::Body;
use keyledger_event_log::{EventLog, LogIdentity, Position};
use keyledger_projectors::{CheckedEvent, Intake, MacKeysSource, StopReason};
use tokio::task;
use uuid::Uuid;

use crate::{key_states::KeyStates, record::Record};

/// How many events are worked on before the runtime may do something else: about a millisecond.
const AT_A_STRETCH: usize = 200;

/// An event on its way out.
pub(crate) struct Outgoing {
    /// Where it stands in the log.
    pub(crate) position: Position,
    /// Its id.
    pub(crate) id: Uuid,
    /// Whether this release can read it.
    pub(crate) readable: bool,
    /// The record of the event; its value is the public part.
    pub(crate) what_happened: Record,
    /// The record of what its key is after it; none where it is about no key that can be told of.
    pub(crate) facts: Option<Record>,
}

/// Reads a log on, event by event checked, and makes the records of what it reads.
pub(crate) struct Reading {
    log: LogIdentity,
    intake: Intake,
    states: KeyStates,
}

impl Reading {
    /// Goes on where `intake` stands.
    pub(crate) fn of(intake: Intake, log: Arc<dyn EventLog>, keys: MacKeysSource) -> Self {
        Self { log: log.identity(), intake, states: KeyStates::new(log, keys) }
    }

    /// What comes next; nothing where the log is quiet.
    ///
    /// # Errors
    /// [`StopReason`] as for [`Intake::next`], and where an event was taken out of its stream.
    pub(crate) async fn next(&mut self) -> Result<Vec<Outgoing>, StopReason> {
        let events = self.intake.next().await?;
        self.states.recall(&events).await?;
        let mut outgoing = Vec::with_capacity(events.len());
        for some in events.chunks(AT_A_STRETCH) {
            for event in some {
                outgoing.push(self.outgoing(event)?);
            }
            task::yield_now().await;
        }
        Ok(outgoing)
    }

    /// How many events are still to come, as the log tells now.
    pub(crate) async fn lag(&mut self) -> Result<u64, StopReason> {
        self.intake.lag().await
    }

    /// The head, as the log last told.
    pub(crate) fn head(&self) -> Position {
        self.intake.head()
    }

    fn outgoing(&mut self, event: &CheckedEvent) -> Result<Outgoing, StopReason> {
        let key = self.states.after(event)?;
        Ok(Outgoing {
            position: event.position,
            id: event.event.id,
            readable: !matches!(event.event.body, Body::Unreadable(_)),
            what_happened: Record::of_event(self.log, event, key),
            facts: key.map(|key| Record::of_facts(self.log, event, key)),
        })
    }
}
