use std::path::Path;

use async_trait::async_trait;
use keyledger_audit::tree::{Directory, Origin, TileName};
use keyledger_command_service::ports::Transparency;
use keyledger_event_log::LogIdentity;
use tokio::task;

/// The tree that a signer keeps, here or elsewhere, as files.
pub(crate) struct TransparencyFiles(Directory);

impl TransparencyFiles {
    /// The tree of a log in its present life.
    pub(crate) fn of(directory: &Path, log: LogIdentity) -> Self {
        Self(Directory::of(directory, Origin(log)))
    }

    /// Reads away from the threads that answer.
    async fn read(
        &self,
        read: impl FnOnce(&Directory) -> std::io::Result<Option<Vec<u8>>> + Send + 'static,
    ) -> Result<Option<Vec<u8>>, String> {
        let directory = self.0.clone();
        let read = task::spawn_blocking(move || read(&directory)).await.map_err(|error| error.to_string())?;
        read.map_err(|error| error.to_string())
    }
}

#[async_trait]
impl Transparency for TransparencyFiles {
    async fn checkpoint(&self) -> Result<Option<Vec<u8>>, String> {
        self.read(Directory::read_checkpoint).await
    }

    async fn verifier_key(&self) -> Result<Option<Vec<u8>>, String> {
        self.read(Directory::read_verifier_key).await
    }

    async fn tile(&self, path: &str) -> Result<Option<Vec<u8>>, String> {
        let Some(name) = TileName::parse(path) else { return Ok(None) };
        self.read(move |directory| directory.read_published(name)).await
    }
}
