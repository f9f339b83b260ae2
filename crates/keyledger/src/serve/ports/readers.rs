use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use keyledger_command_service::ports::Readers;
use keyledger_event_log::Position;
use keyledger_projectors::Projector;

/// The readers in this process: the key index and the lists.
pub(in crate::serve) struct LocalReaders(pub(in crate::serve) Vec<Arc<Projector>>);

#[async_trait]
impl Readers for LocalReaders {
    async fn applied(&self, position: Position, patience: Duration) -> bool {
        let all = async {
            for projector in &self.0 {
                if !projector.applied(position, patience).await {
                    return false;
                }
            }
            true
        };
        // The patience is for all of them together.
        tokio::time::timeout(patience, all).await.unwrap_or(false)
    }
}
