use anyhow::Context as _;
use keyledger_event_log::EventLog;
use keyledger_read_models::{OpenError, ReadModelError};
use keyledger_validator::snapshot;

use super::{HeldKeyring, Installation, ModelsPlace, index_config};
use crate::{data_dir::DataDir, environment::Stopwatch, settings::Settings};

impl Installation {
    /// As [`confirm_witnesses`].
    ///
    /// # Errors
    /// One sentence, where the log lacks what was read from it: nothing may be answered from such a log.
    pub(crate) async fn confirm_witnesses(&self, settings: &Settings) -> anyhow::Result<()> {
        confirm_witnesses(settings, &self.directory, &*self.log, &self.keyring).await
    }
}

/// Asks the log whether it still holds the last event that each read model and snapshot has seen. Together they
/// remember what each of them could be made to forget: a revocation once seen is not undone by cutting the end of
/// the log off and taking one of them away.
///
/// # Errors
/// One sentence, where the log lacks what was read from it: nothing may be answered from such a log.
pub(crate) async fn confirm_witnesses(
    settings: &Settings,
    directory: &DataDir,
    log: &dyn EventLog,
    keyring: &HeldKeyring,
) -> anyhow::Result<()> {
    let keys = keyring.mac_keys();
    let config = index_config(settings, log.identity(), Stopwatch::start());
    for checkpoint in snapshot::checkpoints(&directory.snapshots(), &config, &keys) {
        let confirmed = checkpoint.confirm(log).await;
        confirmed.context(
            "a snapshot of the key index has seen more than the log holds; put the whole log back",
        )?;
    }
    let models = ModelsPlace::of(&settings.read_models, directory)?;
    // What is no model any more is made anew, and saw nothing; one of another life of the log is a witness too.
    let rows = match models.read_lists(log.identity()) {
        Ok(rows) => rows,
        Err(error @ (OpenError::AnotherLog { .. } | OpenError::Unusable { .. })) => return Err(error.into()),
        Err(_) => return Ok(()),
    };
    let checkpoint = match rows.checkpoint() {
        Ok(checkpoint) => checkpoint,
        Err(ReadModelError::Damaged(_)) => return Ok(()),
        Err(error) => return Err(error.into()),
    };
    let confirmed = checkpoint.confirm(log).await;
    confirmed.context("the lists have seen more than the log holds; put the whole log back")
}
