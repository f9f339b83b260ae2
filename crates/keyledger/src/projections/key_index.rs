use std::{sync::Arc, time::Instant};

use keyledger_event_log::Checkpoint;
use keyledger_projectors::{CheckedEvent, Projection, ProjectionError};
use keyledger_validator::{ApplyError, KeyIndex};

use crate::environment::Stopwatch;

/// The validator's key index as a projection of the log.
pub(crate) struct KeyIndexProjection {
    pub(crate) index: Arc<KeyIndex>,
    pub(crate) stopwatch: Stopwatch,
}

impl Projection for KeyIndexProjection {
    fn name(&self) -> &'static str {
        "key_index"
    }

    fn checkpoint(&self) -> Checkpoint {
        self.index.checkpoint()
    }

    fn apply(&mut self, events: &[CheckedEvent]) -> Result<(), ProjectionError> {
        for CheckedEvent { position, mac, event, .. } in events {
            self.index.apply(*position, mac, event).map_err(|error| match error {
                ApplyError::Revision { stream, expected, found } => ProjectionError::MissingRevision {
                    position: *position,
                    stream: stream.to_string(),
                    held: expected.checked_sub(1),
                    found,
                },
                ApplyError::Position { .. } => ProjectionError::Failed(error.to_string()),
            })?;
        }
        Ok(())
    }

    fn heard(&mut self, at: Instant) {
        self.index.heard(self.stopwatch.nanos_at(at));
    }

    fn digest(&self) -> Result<[u8; 32], ProjectionError> {
        Ok(self.index.digest())
    }
}
