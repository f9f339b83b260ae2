//! The readers of the log in this process: the key index and the lists, each with its projector.

use std::{io, sync::Arc};

use anyhow::Context as _;
use keyledger_event_log::{EventLog, Position};
use keyledger_projectors::{MonotonicClock, Projector};
use keyledger_read_models::{LastUsedReader, OpenError, PartnerKeys, PartnerKeysReader};
use keyledger_validator::{KeyIndex, snapshot};

use crate::{
    environment::{self, Stopwatch},
    installation::{Installation, index_config},
    projections::{KeyIndexProjection, PartnerKeysProjection, PastProjection},
    settings::Settings,
};

/// The readers, following the log.
pub(super) struct Readers {
    pub(super) index: Arc<KeyIndex>,
    /// Up to where the index was restored from a snapshot.
    pub(super) restored: Position,
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
        let rows = open_or_remake(installation)?;
        let lists = rows.reader()?;
        let last_used = LastUsedReader::new(installation.directory.last_used());
        let spawn_failed = |error: io::Error| anyhow::Error::new(error).context("cannot start a projector");
        let key_index = KeyIndexProjection { index: Arc::clone(&index), stopwatch };
        let of_index =
            Projector::spawn(log.clone(), keys.clone(), clock.clone(), key_index).map_err(spawn_failed)?;
        let of_lists =
            Projector::spawn(log.clone(), keys.clone(), clock.clone(), PartnerKeysProjection(rows));
        let of_lists = of_lists.map_err(spawn_failed)?;
        let past = Projector::spawn(log, keys, clock, PastProjection::default()).map_err(spawn_failed)?;
        let projectors = vec![Arc::new(of_index), Arc::new(of_lists)];
        Ok(Self { index, restored, lists, last_used, projectors, past: Arc::new(past) })
    }

    /// Lets the read models go, between two batches.
    pub(super) async fn stop(&self) {
        for projector in self.projectors.iter().chain([&self.past]) {
            projector.stop().await;
        }
    }
}

/// The rows of the lists. A file that is no longer one is made anew from the log: it holds nothing that the log lacks.
fn open_or_remake(installation: &Installation) -> anyhow::Result<PartnerKeys> {
    let (path, log) = (installation.directory.read_models(), installation.log.identity());
    match PartnerKeys::open(&path, log) {
        Err(OpenError::Damaged { .. }) => {
            tracing::error!(path = %path.display(), "the read models are damaged: they are made anew from the log");
            PartnerKeys::remove(&path).with_context(|| format!("cannot remove {}", path.display()))?;
            Ok(PartnerKeys::open(&path, log)?)
        }
        opened => Ok(opened?),
    }
}
