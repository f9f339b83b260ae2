//! When the key index is written down, so that a restart does not replay everything.

use std::{path::PathBuf, sync::Arc, time::Duration};

use keyledger_validator::{KeyIndex, snapshot};
use tokio::{task, time};

use super::FollowedIndex;
use crate::{data_dir::DataDir, installation::HeldKeyring};

/// How often it is asked whether a snapshot is due.
const EVERY: Duration = Duration::from_secs(30);

/// A snapshot is due when the tail after the last one has this many events, or a quarter of the keys there are, so that
/// writing snapshots never costs more than the events they stand for.
const TAIL: u64 = 10_000;

/// The snapshots of one key index.
pub(crate) struct Snapshots {
    index: Arc<KeyIndex>,
    keyring: HeldKeyring,
    directory: PathBuf,
    last: u64,
}

impl Snapshots {
    /// Snapshots of an index, the last of which it was restored from.
    pub(crate) fn new(followed: &FollowedIndex, keyring: &HeldKeyring, directory: &DataDir) -> Self {
        let (index, keyring) = (followed.index.clone(), keyring.clone());
        Self { index, keyring, directory: directory.snapshots(), last: followed.restored.get() }
    }

    /// Takes a snapshot whenever one is due, for ever.
    pub(crate) async fn keep(&mut self) {
        loop {
            time::sleep(EVERY).await;
            let tail = self.index.position().get().saturating_sub(self.last);
            if tail >= TAIL.max(self.index.keys() as u64 / 4) {
                self.take().await;
            }
        }
    }

    /// Takes one, unless nothing has happened since the last. That it could not be written is no reason to stop.
    pub(crate) async fn take(&mut self) {
        let position = self.index.position().get();
        if position == self.last {
            return;
        }
        let (index, keyring, directory) =
            (Arc::clone(&self.index), self.keyring.clone(), self.directory.clone());
        let work = move || snapshot::store(&directory, &index.snapshot(&keyring.mac_keys()));
        match task::spawn_blocking(work).await {
            Ok(Ok(())) => {
                tracing::info!(position, "a snapshot of the key index was written");
                self.last = position;
            }
            Ok(Err(error)) => tracing::error!(%error, "a snapshot of the key index could not be written"),
            Err(error) => tracing::error!(%error, "a snapshot of the key index could not be taken"),
        }
    }
}
