use std::{path::Path, sync::Arc};

use anyhow::Context as _;
use keyledger_event_log::EventLog;
use keyledger_projectors::{Projection, Rebuilt, rebuild};
use keyledger_read_models::PartnerKeys;
use keyledger_validator::{KeyIndex, snapshot};

use super::{
    KeyIndexProjection, PartnerKeysProjection, beside,
    model::{Model, print},
    status::digest_before,
};
use crate::{
    cli::Context,
    data_dir::{DataDir, Role},
    environment::Stopwatch,
    installation::{HeldKeyring, Installation, ModelsPlace, index_config},
    output::progress_bar,
    settings::Settings,
};

/// Makes read models anew from the log alone, with a progress bar on a terminal, and tells by its digest whether each equals
/// the one before. Where they are files, the server must be stopped; lists in a database are made while everything runs.
/// The models are witnesses of what the log held: where it lacks that now, they are made anew only by `force`.
///
/// # Errors
/// One sentence: a running server, an event that is not to be believed, a log that lacks what was read from it before,
/// or a model that was not what the log says.
pub(crate) async fn run(context: &Context, force: bool) -> anyhow::Result<()> {
    let settings = context.settings();
    let place = ModelsPlace::of(&settings.read_models, &DataDir::new(&settings.server.data_dir))?;
    let models = match &place {
        ModelsPlace::Files { lists, .. } => in_place(context, lists, force).await?,
        ModelsPlace::Database(database) => beside::run(context, database, force).await?,
    };
    print(context.output, &models, true)?;
    let changed: Vec<_> = models.iter().filter(|model| model.was_changed()).map(Model::name).collect();
    anyhow::ensure!(
        changed.is_empty(),
        "{} did not hold what the log says, and does now: find out who wrote to the data directory or to {place}",
        changed.join(" and ")
    );
    Ok(())
}

/// Makes models that are files anew.
async fn in_place(context: &Context, path: &Path, force: bool) -> anyhow::Result<Vec<Model>> {
    let (settings, quiet) = (context.settings(), context.output.json);
    let installation = Installation::open(settings, Role::Projector).await?;
    if !force {
        installation.confirm_witnesses(settings).await?;
    }
    let Installation { directory, log, keyring, .. } = &installation;
    let before = digest_before(settings, &installation).await;
    let key_index = key_index(settings, directory, log, keyring, quiet).await?;
    PartnerKeys::remove(path).with_context(|| format!("cannot remove {}", path.display()))?;
    let rows = PartnerKeys::open(path, log.identity())?;
    let partner_keys = one(log, keyring, PartnerKeysProjection(rows), quiet).await?.digest;
    let head = log.head().await?;
    let model = |name, digest, before| Model::found(name, head, head, digest).compared_with(before);
    Ok(vec![
        model("key_index", key_index, before.key_index),
        model("partner_keys", partner_keys, before.partner_keys),
    ])
}

/// Makes the key index anew, writes its snapshot down, and tells its digest.
pub(super) async fn key_index(
    settings: &Settings,
    directory: &DataDir,
    log: &Arc<dyn EventLog>,
    keyring: &HeldKeyring,
    quiet: bool,
) -> anyhow::Result<[u8; 32]> {
    let stopwatch = Stopwatch::start();
    let index = Arc::new(KeyIndex::new(index_config(settings, log.identity(), stopwatch)));
    let projection = KeyIndexProjection { index: Arc::clone(&index), stopwatch };
    let digest = one(log, keyring, projection, quiet).await?.digest;
    let bytes = index.snapshot(&keyring.mac_keys());
    snapshot::store(&directory.snapshots(), &bytes).context("cannot write a snapshot of the key index")?;
    Ok(digest)
}

/// Brings one to the head of the log, with a progress bar.
pub(super) async fn one<P: Projection>(
    log: &Arc<dyn EventLog>,
    keyring: &HeldKeyring,
    projection: P,
    quiet: bool,
) -> anyhow::Result<Rebuilt<P>> {
    let (bar, on_progress) = progress_bar(projection.name(), quiet);
    let rebuilt = rebuild(log.clone(), keyring.mac_keys_source(), projection, on_progress).await;
    bar.finish_and_clear();
    Ok(rebuilt?)
}
