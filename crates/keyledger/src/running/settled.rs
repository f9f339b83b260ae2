use std::sync::Arc;

use keyledger_projectors::{Projector, State};

/// Waits until every projector is live, or one has stopped or is cut off; says whether all are live.
pub(crate) async fn settled(projectors: &[Arc<Projector>]) -> bool {
    for projector in projectors {
        let mut progress = projector.watch();
        let decided = progress.wait_for(|progress| !matches!(progress.state, State::CatchingUp)).await;
        if !decided.is_ok_and(|progress| matches!(progress.state, State::Live)) {
            return false;
        }
    }
    true
}
