use std::{collections::VecDeque, sync::Arc};

use keyledger_event_log::{Exit, Head, Waiting};
use tokio::task::JoinSet;

use crate::append::Appender;

/// How many appends are on their way to the database at once.
const ON_THE_WAY: usize = 32;

/// How many more there may be where they take a right away: none of these waits for ordinary ones to end.
const URGENT: usize = 16;

/// How many are taken out of the lanes before their time: they wait here in the same order.
const TAKEN: usize = 256;

/// The one of this process that writes: takes appends out of the lanes until nobody can append any more.
pub(crate) struct Writer {
    pub(crate) appender: Arc<Appender>,
    pub(crate) lanes: Exit,
    pub(crate) head: Head,
}

impl Writer {
    /// Records what comes out of the lanes, to their end.
    pub(crate) async fn run(mut self) {
        let (mut urgent, mut ordinary) = (VecDeque::new(), VecDeque::new());
        let (mut on_the_way, mut is_open) = (JoinSet::new(), true);
        loop {
            while let Some(waiting) = next(&mut urgent, &mut ordinary, on_the_way.len()) {
                on_the_way.spawn(record(Arc::clone(&self.appender), self.head.clone(), waiting));
            }
            tokio::select! {
                group = self.lanes.next_group(), if is_open && urgent.len() + ordinary.len() < TAKEN => {
                    is_open = group.is_some();
                    for waiting in group.into_iter().flatten() {
                        if waiting.is_urgent() { urgent.push_back(waiting) } else { ordinary.push_back(waiting) }
                    }
                }
                Some(_) = on_the_way.join_next() => {}
                else => return,
            }
        }
    }
}

/// The append that is to go next, where there is room.
fn next(
    urgent: &mut VecDeque<Waiting>,
    ordinary: &mut VecDeque<Waiting>,
    on_the_way: usize,
) -> Option<Waiting> {
    if on_the_way < ON_THE_WAY + URGENT && !urgent.is_empty() {
        return urgent.pop_front();
    }
    if on_the_way < ON_THE_WAY { ordinary.pop_front() } else { None }
}

/// Readers first: the answer to a revocation waits for the validator, and the append is durable.
async fn record(appender: Arc<Appender>, head: Head, waiting: Waiting) {
    let outcome = appender.append(&waiting.append).await;
    if let Ok(appended) = &outcome {
        head.advance(appended.position);
    }
    waiting.answer(outcome);
}
