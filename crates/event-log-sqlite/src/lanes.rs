use keyledger_event_log::{Append, AppendError, Lane};
use tokio::{
    runtime::{Builder, Runtime},
    sync::{mpsc, oneshot},
};

use crate::append::Outcome;

/// How many appends wait in each lane before the next caller has to wait for a place.
const PLACES: usize = 1_024;

/// The most events of one group, and so of one transaction; the last append may go over it.
const MAX_EVENTS: usize = 1_000;

/// The most bytes of public and private parts of one group; the last append may go over it.
const MAX_BYTES: usize = 4 * 1024 * 1024;

/// An append on its way, and where its caller waits.
pub(crate) struct Waiting {
    pub(crate) append: Append,
    pub(crate) answer: oneshot::Sender<Outcome>,
}

impl Waiting {
    pub(crate) fn is_urgent(&self) -> bool {
        self.append.lane == Lane::Urgent
    }

    /// Answers the caller. One that went away meanwhile finds out by the event id.
    pub(crate) fn answer(self, outcome: Outcome) {
        let _ = self.answer.send(outcome);
    }
}

/// The callers' end of the two lanes.
pub(crate) struct Entrance {
    urgent: mpsc::Sender<Waiting>,
    ordinary: mpsc::Sender<Waiting>,
}

/// The writer's end of the two lanes.
pub(crate) struct Exit {
    urgent: mpsc::Receiver<Waiting>,
    ordinary: mpsc::Receiver<Waiting>,
    runtime: Runtime,
}

/// Two empty lanes. The writer's end needs something to park its thread on, which may fail.
pub(crate) fn lanes() -> std::io::Result<(Entrance, Exit)> {
    let runtime = Builder::new_current_thread().build()?;
    let (urgent, urgent_exit) = mpsc::channel(PLACES);
    let (ordinary, ordinary_exit) = mpsc::channel(PLACES);
    Ok((Entrance { urgent, ordinary }, Exit { urgent: urgent_exit, ordinary: ordinary_exit, runtime }))
}

impl Entrance {
    /// Waits for a place in the append's lane, and then for its outcome.
    pub(crate) async fn append(&self, append: Append) -> Outcome {
        let lane = match append.lane {
            Lane::Urgent => &self.urgent,
            Lane::Ordinary => &self.ordinary,
        };
        let (answer, outcome) = oneshot::channel();
        let unavailable = |_| AppendError::Unavailable("its writer has ended".to_owned());
        lane.send(Waiting { append, answer }).await.map_err(unavailable)?;
        outcome.await.map_err(|_| AppendError::OutcomeUnknown("the writer ended meanwhile".to_owned()))?
    }
}

impl Exit {
    /// Waits for an append and takes what waits with it, urgent ones first. None: nobody can append any more, and
    /// both lanes are empty.
    pub(crate) fn next_group(&mut self) -> Option<Vec<Waiting>> {
        let first = self.runtime.block_on(async {
            tokio::select! {
                biased;
                Some(waiting) = self.urgent.recv() => Some(waiting),
                Some(waiting) = self.ordinary.recv() => Some(waiting),
                else => None,
            }
        })?;
        let mut group = vec![first];
        let (mut events, mut bytes) = size(&group[0].append);
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
