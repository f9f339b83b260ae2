use std::path::Path;

use anyhow::Context as _;
use keyledger_event_log::{Checkpoint, LogIdentity};
use keyledger_projectors::{CheckedEvent, Projection, ProjectionError};
use keyledger_read_models::{ApplyError, Change, OpenError, PartnerKeys, ReadModelError};

/// The rows of the lists. A file that is no longer one is made anew from the log: it holds nothing that the log lacks.
///
/// # Errors
/// One sentence that says what to do.
pub(crate) fn open_or_remake(path: &Path, log: LogIdentity) -> anyhow::Result<PartnerKeys> {
    match PartnerKeys::open(path, log) {
        Err(OpenError::Damaged { .. }) => {
            tracing::error!(path = %path.display(), "the read models are damaged: they are made anew from the log");
            PartnerKeys::remove(path).with_context(|| format!("cannot remove {}", path.display()))?;
            Ok(PartnerKeys::open(path, log)?)
        }
        opened => Ok(opened?),
    }
}

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

    fn digest(&self) -> Result<[u8; 32], ProjectionError> {
        self.0
            .contents()
            .map(|contents| contents.digest)
            .map_err(|error| ProjectionError::Failed(error.to_string()))
    }
}
