use tokio::sync::{mpsc, oneshot};

use crate::{Append, AppendError, Appended, Lane};

/// How many appends wait in each lane before the next caller has to wait for a place.
const PLACES: usize = 1_024;

/// The most events of one group, and so of one transaction; the last append may go over it.
const MAX_EVENTS: usize = 1_000;

/// The most bytes of public and private parts of one group; the last append may go over it.
const MAX_BYTES: usize = 4 * 1024 * 1024;

/// What became of an append.
pub type Outcome = Result<Appended, AppendError>;

/// An append on its way, and where its caller waits.
pub struct Waiting {
    /// What is to be recorded.
    pub append: Append,
    answer: oneshot::Sender<Outcome>,
}

impl Waiting {
    /// Whether it takes a right away.
    #[must_use]
    pub fn is_urgent(&self) -> bool {
        self.append.lane == Lane::Urgent
    }

    /// Answers the caller. One that went away meanwhile finds out by the event id.
    pub fn answer(self, outcome: Outcome) {
        let _ = self.answer.send(outcome);
    }
}

/// The callers' end of the two lanes in which appends wait for the one that records them in groups.
pub struct Entrance {
    urgent: mpsc::Sender<Waiting>,
    ordinary: mpsc::Sender<Waiting>,
}

/// The other end of the two lanes.
pub struct Exit {
    urgent: mpsc::Receiver<Waiting>,
    ordinary: mpsc::Receiver<Waiting>,
}

/// Two empty lanes.
#[must_use]
pub fn lanes() -> (Entrance, Exit) {
    let (urgent, urgent_exit) = mpsc::channel(PLACES);
    let (ordinary, ordinary_exit) = mpsc::channel(PLACES);
    (Entrance { urgent, ordinary }, Exit { urgent: urgent_exit, ordinary: ordinary_exit })
}

impl Entrance {
    /// Waits for a place in the append's lane, and then for its outcome.
    ///
    /// # Errors
    /// The outcome's, and where nobody takes from the lanes any more: unavailable, or, once it was in a lane, unknown.
    pub async fn append(&self, append: Append) -> Outcome {
        self.wait_in_lane(append).await?.await.map_err(|_| ended_meanwhile())?
    }

    /// Puts appends into their lane one behind the other, so that the writer takes those of one lane in this order and many
    /// together, and then waits for all outcomes. Of the first that fails the error is told; those behind it may stand.
    ///
    /// # Errors
    /// As [`Entrance::append`].
    pub async fn append_in_order(&self, appends: Vec<Append>) -> Result<Vec<Appended>, AppendError> {
        let mut outcomes = Vec::with_capacity(appends.len());
        for append in appends {
            outcomes.push(self.wait_in_lane(append).await?);
        }
        let mut appended = Vec::with_capacity(outcomes.len());
        for outcome in outcomes {
            appended.push(outcome.await.map_err(|_| ended_meanwhile())??);
        }
        Ok(appended)
    }

    async fn wait_in_lane(&self, append: Append) -> Result<oneshot::Receiver<Outcome>, AppendError> {
        let lane = match append.lane {
            Lane::Urgent => &self.urgent,
            Lane::Ordinary => &self.ordinary,
        };
        let (answer, outcome) = oneshot::channel();
        let unavailable = |_| AppendError::Unavailable("its writer has ended".to_owned());
        lane.send(Waiting { append, answer }).await.map_err(unavailable)?;
        Ok(outcome)
    }
}

fn ended_meanwhile() -> AppendError {
    AppendError::OutcomeUnknown("the writer ended meanwhile".to_owned())
}

impl Exit {
    /// Waits for an append and takes what waits with it, urgent ones first. None: nobody can append any more, and
    /// both lanes are empty.
    pub async fn next_group(&mut self) -> Option<Vec<Waiting>> {
        let first = tokio::select! {
            biased;
            Some(waiting) = self.urgent.recv() => waiting,
            Some(waiting) = self.ordinary.recv() => waiting,
            else => return None,
        };
        let (mut events, mut bytes) = size(&first.append);
        let mut group = vec![first];
        while events < MAX_EVENTS && bytes < MAX_BYTES {
            let Ok(next) = self.urgent.try_recv().or_else(|_| self.ordinary.try_recv()) else { break };
            let (more_events, more_bytes) = size(&next.append);
            events += more_events;
            bytes += more_bytes;
            group.push(next);
        }
        Some(group)
    }
}

fn size(append: &Append) -> (usize, usize) {
    let bytes = append.events.iter().map(|event| event.public.len() + event.private.len()).sum();
    (append.events.len(), bytes)
}
