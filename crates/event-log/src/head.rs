use std::{sync::Arc, time::Duration};

use tokio::sync::watch;

use crate::Position;

/// The newest head of a log that this process knows of; who waits for events waits for it.
#[derive(Clone)]
pub struct Head(Arc<watch::Sender<Position>>);

impl Head {
    /// A head where the log ends now.
    #[must_use]
    pub fn new(position: Position) -> Self {
        Self(Arc::new(watch::Sender::new(position)))
    }

    /// Wakes those who wait for `position` or one before it. Late news of an earlier one change nothing.
    pub fn advance(&self, position: Position) {
        self.0.send_if_modified(|head| {
            let advances = position > *head;
            *head = position.max(*head);
            advances
        });
    }

    /// Takes in where the store ended when it was asked, after the head was `known`. What was known was in the store, so
    /// that less of it now is no late news: its end was cut off. Whoever waits then is answered by the store itself.
    pub fn found(&self, known: Position, found: Position) {
        if found >= known {
            return self.advance(found);
        }
        self.0.send_if_modified(|head| {
            let stands = *head == known;
            if stands {
                *head = found;
            }
            stands
        });
    }

    /// The newest head that is known.
    #[must_use]
    pub fn known(&self) -> Position {
        *self.0.borrow()
    }

    /// The head once it lies after `position`; none where `patience` ran out first.
    pub async fn past(&self, position: Position, patience: Duration) -> Option<Position> {
        let mut head = self.0.subscribe();
        let head = tokio::time::timeout(patience, head.wait_for(|head| *head > position)).await.ok()?.ok()?;
        Some(*head)
    }
}
