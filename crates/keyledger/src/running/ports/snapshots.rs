use std::sync::Arc;

use async_trait::async_trait;
use keyledger_command_service::ports::Snapshots;
use keyledger_validator::KeyIndex;
use tokio::{sync::Mutex, task};

use crate::installation::HeldKeyring;

/// Snapshots of the index in this process, for validators that start. One is taken at a time: each is as large as the
/// index.
pub(crate) struct IndexSnapshots {
    index: Arc<KeyIndex>,
    keyring: HeldKeyring,
    taking: Mutex<()>,
}

impl IndexSnapshots {
    /// Snapshots of this index, authenticated by this keyring.
    pub(crate) fn new(index: Arc<KeyIndex>, keyring: HeldKeyring) -> Self {
        Self { index, keyring, taking: Mutex::new(()) }
    }
}

#[async_trait]
impl Snapshots for IndexSnapshots {
    async fn take(&self) -> Result<Vec<u8>, String> {
        if self.index.silence().is_none() {
            return Err("the key index is still being loaded from the log".to_owned());
        }
        let _turn = self.taking.lock().await;
        let (index, keyring) = (self.index.clone(), self.keyring.clone());
        let take = move || index.snapshot(&keyring.mac_keys());
        task::spawn_blocking(take).await.map_err(|error| error.to_string())
    }
}
