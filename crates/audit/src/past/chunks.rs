//! A part of a log, read in pieces that are as large as they are wanted.

use keyledger_event_log::Position;

use crate::{History, HistoryError, Walk, Watcher, Witnessed};

/// The events between two positions, in order.
pub(super) struct Chunks {
    walk: Walk,
    up_to: Position,
    /// Read, and not given out yet.
    left: Vec<Witnessed>,
}

impl Chunks {
    /// The events behind `after` up to `up_to`.
    pub(super) async fn between(
        history: &History,
        after: Position,
        up_to: Position,
    ) -> Result<Self, HistoryError> {
        Ok(Self { walk: history.walk(after).await?, up_to, left: Vec::new() })
    }

    /// The next `size` events; fewer at the end, and then none.
    pub(super) async fn next(
        &mut self,
        size: usize,
        watcher: &mut dyn Watcher,
    ) -> Result<Vec<Witnessed>, HistoryError> {
        while self.left.len() < size && self.walk.position() < self.up_to {
            let events = self.walk.next().await?;
            if events.is_empty() {
                break;
            }
            watcher.reached(self.walk.position().min(self.up_to), self.up_to);
            self.left.extend(events.into_iter().filter(|event| event.position <= self.up_to));
        }
        let rest = self.left.split_off(size.min(self.left.len()));
        Ok(std::mem::replace(&mut self.left, rest))
    }
}
