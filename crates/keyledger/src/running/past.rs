//! The log behind the checkpoints is looked at once, beside everything else, at each start.

use std::sync::Arc;

use keyledger_projectors::{Projector, State};
use tokio::sync::watch;

/// What is known of the log as a whole.
#[derive(Clone)]
pub(crate) enum Past {
    /// It is being read.
    Reading,
    /// Every event from the first one on was authentic and in its place.
    Sound,
    /// It was changed. The read models hold what it was before, so keys are judged as ever; a human must look.
    Changed(Arc<str>),
}

/// Follows the projector of [`PastProjection`](crate::projections::PastProjection) from the first event to the head,
/// lets it go there, and tells what it found.
pub(crate) fn watch(projector: Arc<Projector>) -> watch::Receiver<Past> {
    let (found, told) = watch::channel(Past::Reading);
    tokio::spawn(async move {
        let mut progress = projector.watch();
        let settled =
            progress.wait_for(|progress| matches!(progress.state, State::Live) || progress.state.is_over());
        let state = settled.await.map(|progress| progress.state.clone());
        match state {
            Ok(State::Live) => {
                found.send_replace(Past::Sound);
                projector.stop().await;
            }
            Ok(State::Stopped(reason)) => {
                tracing::error!(%reason, "the log was changed: compare it with a copy held elsewhere");
                metrics::counter!("keyledger_log_alarms_total").increment(1);
                found.send_replace(Past::Changed(reason.to_string().into()));
            }
            // The process ends.
            _ => {}
        }
    });
    told
}
