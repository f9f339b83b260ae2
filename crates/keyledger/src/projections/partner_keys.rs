use std::time::Instant;

use keyledger_event_log::Checkpoint;
use keyledger_projectors::{CheckedEvent, Projection, ProjectionError};
use keyledger_read_models::{ApplyError, Change, PartnerKeys, ReadModelError};

/// The SQL read model of each partner's keys as a projection of the log.
pub(crate) struct PartnerKeysProjection(pub(crate) PartnerKeys);

impl Projection for PartnerKeysProjection {
    fn name(&self) -> &'static str {
        "partner_keys"
    }

    fn checkpoint(&self) -> Checkpoint {
        self.0.checkpoint().clone()
    }

    fn apply(&mut self, events: &[CheckedEvent]) -> Result<(), ProjectionError> {
        let changes = events.iter().map(|CheckedEvent { position, mac, event, .. }| Change {
            position: *position,
            mac,
            event,
        });
        self.0.apply(changes).map_err(|error| match error {
            ApplyError::MissingRevision { position, stream, held, found } => {
                ProjectionError::MissingRevision { position, stream, held, found }
            }
            ApplyError::Model(ReadModelError::Unavailable(why)) => ProjectionError::Unavailable(why),
            error => ProjectionError::Failed(error.to_string()),
        })
    }

    fn heard(&mut self, at: Instant) {
        self.0.keep(at);
    }

    fn digest(&self) -> Result<[u8; 32], ProjectionError> {
        self.0
            .contents()
            .map(|contents| contents.digest)
            .map_err(|error| ProjectionError::Failed(error.to_string()))
    }
}
