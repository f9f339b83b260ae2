//! The readers of the log in this process: the key index and the lists, each with its projector.

use std::{io, sync::Arc};

use keyledger_projectors::{MonotonicClock, Projector};
use keyledger_read_models::LastUsedReader;

use crate::{
    environment,
    installation::{Installation, ModelsPlace},
    projections::{PartnerKeysProjection, PastProjection},
    running::{FollowedIndex, ports::Lists},
    settings::Settings,
};

/// The readers, following the log.
pub(crate) struct Readers {
    pub(crate) followed: FollowedIndex,
    /// Where what follows the log, and what does not, is kept.
    pub(crate) models: ModelsPlace,
    pub(super) lists: Lists,
    /// What earlier processes left of last uses. It follows nothing.
    pub(crate) last_used: LastUsedReader,
    pub(super) projectors: Vec<Arc<Projector>>,
    /// Looks at the log behind the checkpoints.
    pub(super) past: Arc<Projector>,
}

impl Readers {
    /// Restores or makes the read models of an installation and lets them follow its log.
    pub(crate) fn start(settings: &Settings, installation: &Installation) -> anyhow::Result<Self> {
        let Installation { directory, log, keyring, .. } = installation;
        let models = ModelsPlace::of(&settings.read_models, directory)?;
        let rows = models.write_lists(log.identity())?;
        let lists = Lists::of(models.clone(), log.identity());
        let last_used = models.read_last_used();
        let followed = FollowedIndex::start(settings, directory, log, keyring)?;
        let keys = keyring.mac_keys_source();
        let clock: MonotonicClock = Arc::new(environment::instant);
        let spawn_failed = |error: io::Error| anyhow::Error::new(error).context("cannot start a projector");
        let of_lists =
            Projector::spawn(log.clone(), keys.clone(), clock.clone(), PartnerKeysProjection(rows));
        let of_lists = Arc::new(of_lists.map_err(spawn_failed)?);
        let past =
            Projector::spawn(log.clone(), keys, clock, PastProjection::default()).map_err(spawn_failed)?;
        let projectors = vec![followed.projector.clone(), of_lists];
        Ok(Self { followed, models, lists, last_used, projectors, past: Arc::new(past) })
    }

    /// Lets the read models go, between two batches.
    pub(crate) async fn stop(&self) {
        for projector in self.projectors.iter().chain([&self.past]) {
            projector.stop().await;
        }
    }
}
