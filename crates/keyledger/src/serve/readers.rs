//! The readers of the log in this process: the key index and the lists, each with its projector.

use std::{io, sync::Arc};

use keyledger_event_log::{EventLog, Position};
use keyledger_projectors::{MonotonicClock, Projector};
use keyledger_read_models::{LastUsedReader, PartnerKeysReader};
use keyledger_validator::{KeyIndex, snapshot};

use crate::{
    environment::{self, Stopwatch},
    installation::{Installation, ModelsPlace, index_config},
    projections::{KeyIndexProjection, PartnerKeysProjection, PastProjection},
    settings::Settings,
};

/// The readers, following the log.
pub(super) struct Readers {
    pub(super) index: Arc<KeyIndex>,
    /// Up to where the index was restored from a snapshot.
    pub(super) restored: Position,
    /// Where what follows the log, and what does not, is kept.
    pub(super) models: ModelsPlace,
    pub(super) lists: PartnerKeysReader,
    /// What earlier processes left of last uses. It follows nothing.
    pub(super) last_used: LastUsedReader,
    pub(super) projectors: Vec<Arc<Projector>>,
    /// Looks at the log behind the checkpoints.
    pub(super) past: Arc<Projector>,
}

impl Readers {
    /// Restores or makes the read models of an installation and lets them follow its log.
    pub(super) fn start(settings: &Settings, installation: &Installation) -> anyhow::Result<Self> {
        let log: Arc<dyn EventLog> = installation.log.clone();
        let keys = installation.keyring.mac_keys_source();
        let clock: MonotonicClock = Arc::new(environment::instant);
        let stopwatch = Stopwatch::start();
        let config = index_config(settings, log.identity(), stopwatch);
        let restored =
            snapshot::load(&installation.directory.snapshots(), &config, &installation.keyring.mac_keys());
        let index = Arc::new(restored.unwrap_or_else(|| KeyIndex::new(config)));
        let restored = index.position();
        index.set_peppers(installation.keyring.peppers());
        let models = ModelsPlace::of(&settings.read_models, &installation.directory)?;
        let rows = models.write_lists(log.identity())?;
        let lists = rows.reader()?;
        let last_used = models.read_last_used();
        let spawn_failed = |error: io::Error| anyhow::Error::new(error).context("cannot start a projector");
        let key_index = KeyIndexProjection { index: Arc::clone(&index), stopwatch };
        let of_index =
            Projector::spawn(log.clone(), keys.clone(), clock.clone(), key_index).map_err(spawn_failed)?;
        let of_lists =
            Projector::spawn(log.clone(), keys.clone(), clock.clone(), PartnerKeysProjection(rows));
        let of_lists = of_lists.map_err(spawn_failed)?;
        let past = Projector::spawn(log, keys, clock, PastProjection::default()).map_err(spawn_failed)?;
        let projectors = vec![Arc::new(of_index), Arc::new(of_lists)];
        Ok(Self { index, restored, models, lists, last_used, projectors, past: Arc::new(past) })
    }

    /// Lets the read models go, between two batches.
    pub(super) async fn stop(&self) {
        for projector in self.projectors.iter().chain([&self.past]) {
            projector.stop().await;
        }
    }
}
