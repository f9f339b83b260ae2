use std::collections::HashMap;

use keyledger_domain::envelope::Stream;
use keyledger_event_log::Checkpoint;
use keyledger_projectors::{CheckedEvent, Projection, ProjectionError};

/// The whole log, looked at once more. Read models begin at their checkpoints, so what somebody changed behind those
/// would be noticed only when they are made anew; this holds nothing but each stream's last revision, and so notices.
#[derive(Default)]
pub(crate) struct PastProjection {
    checkpoint: Checkpoint,
    revisions: HashMap<Stream, u64>,
}

impl Projection for PastProjection {
    fn name(&self) -> &'static str {
        "past"
    }

    fn checkpoint(&self) -> Checkpoint {
        self.checkpoint.clone()
    }

    fn apply(&mut self, events: &[CheckedEvent]) -> Result<(), ProjectionError> {
        for CheckedEvent { position, mac, event, .. } in events {
            let held = self.revisions.insert(event.stream, event.revision);
            if event.revision != held.map_or(0, |held| held + 1) {
                return Err(ProjectionError::MissingRevision {
                    position: *position,
                    stream: event.stream.to_string(),
                    held,
                    found: event.revision,
                });
            }
            self.checkpoint = Checkpoint { position: *position, mac: mac.clone() };
        }
        Ok(())
    }

    /// Of every stream's last revision.
    fn digest(&self) -> Result<[u8; 32], ProjectionError> {
        let mut revisions: Vec<_> =
            self.revisions.iter().map(|(stream, revision)| (stream.to_string(), revision)).collect();
        revisions.sort_unstable();
        let mut hasher = blake3::Hasher::new();
        for (stream, revision) in revisions {
            hasher.update(stream.as_bytes()).update(&revision.to_be_bytes());
        }
        Ok(hasher.finalize().into())
    }
}
