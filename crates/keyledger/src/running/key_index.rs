use std::sync::Arc;

use anyhow::Context as _;
use keyledger_event_log::{EventLog, Position};
use keyledger_projectors::Projector;
use keyledger_validator::{KeyIndex, snapshot};

use crate::{
    data_dir::DataDir,
    environment::{self, Stopwatch},
    installation::{HeldKeyring, index_config},
    projections::KeyIndexProjection,
    settings::Settings,
};

/// The key index, and the projector that lets it follow the log.
pub(crate) struct FollowedIndex {
    /// By it requests are judged, and it is told who asks.
    pub(crate) index: Arc<KeyIndex>,
    /// Up to where it was restored from a snapshot.
    pub(crate) restored: Position,
    /// Brings it the events.
    pub(crate) projector: Arc<Projector>,
}

impl FollowedIndex {
    /// Restores the index from where it was written down, or begins with nothing, and lets it follow the log.
    ///
    /// # Errors
    /// Where the system gives no thread.
    pub(crate) fn start(
        settings: &Settings,
        directory: &DataDir,
        log: &Arc<dyn EventLog>,
        keyring: &HeldKeyring,
    ) -> anyhow::Result<Self> {
        let stopwatch = Stopwatch::start();
        let config = index_config(settings, log.identity(), stopwatch);
        let restored = snapshot::load(&directory.snapshots(), &config, &keyring.mac_keys());
        let index = Arc::new(restored.unwrap_or_else(|| KeyIndex::new(config)));
        let restored = index.position();
        index.set_peppers(keyring.peppers());
        let projection = KeyIndexProjection { index: index.clone(), stopwatch };
        let clock = Arc::new(environment::instant);
        let projector = Projector::spawn(log.clone(), keyring.mac_keys_source(), clock, projection);
        let projector = Arc::new(projector.context("cannot start a projector")?);
        Ok(Self { index, restored, projector })
    }
}
