//! What is written to the client, and whether it takes it.

use tokio::time::Instant;

use super::{Connection, Phase};
use crate::meters::End;

impl Connection {
    /// What was written, the client has taken.
    pub(crate) fn flows(&self) {
        self.stalled.set(None);
    }

    /// The client does not take what is written to it. Returns until when it may leave it at that.
    pub(crate) fn stalls(&self) -> Instant {
        let by = self.stalled.get().unwrap_or_else(|| Instant::now() + self.worker.limits.stalled_reader);
        self.stalled.set(Some(by));
        by
    }

    /// Whether something waits for the client to take it.
    pub(crate) fn is_stalled(&self) -> bool {
        self.stalled.get().is_some()
    }

    /// The client has not taken what was written to it for too long.
    pub(crate) fn stalled_too_long(&self) {
        self.end.set(End::StalledReader);
    }

    /// All that was written is on its way.
    pub(crate) fn flushed(&self) {
        self.unflushed.set(false);
    }

    /// Whether what is being written now is actix's own: no request is being answered, and no answer is left to be written.
    pub(crate) fn is_nobodys_answer(&self) -> bool {
        !self.unflushed.get()
            && matches!(self.phase.get(), Phase::Idle { .. } | Phase::Head { .. } | Phase::FullHead { .. })
    }
}
