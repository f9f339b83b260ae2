use std::sync::Arc;

use anyhow::Context as _;
use keyledger_event_log::EventLog;
use keyledger_projectors::{Projection, Rebuilt, rebuild};
use keyledger_read_models::PartnerKeys;
use keyledger_validator::{KeyIndex, snapshot};

use super::{
    KeyIndexProjection, PartnerKeysProjection,
    model::{Model, print},
    status::digest_before,
};
use crate::{
    cli::Context,
    data_dir::Role,
    environment::Stopwatch,
    installation::{Installation, index_config},
    output::progress_bar,
};

/// Makes every read model anew from the log alone, with a progress bar on a terminal, and tells by its digest whether
/// it equals the one before. The server must be stopped. The models are witnesses of what the log held: where it lacks
/// that now, they are made anew only by `force`.
///
/// # Errors
/// One sentence: a running server, an event that is not to be believed, a log that lacks what was read from it before,
/// or a model that was not what the log says.
pub(crate) async fn run(context: &Context, force: bool) -> anyhow::Result<()> {
    let (settings, quiet) = (context.settings(), context.output.json);
    let installation = Installation::open(settings, Role::Projector).await?;
    if !force {
        installation.confirm_witnesses(settings).await?;
    }
    let before = digest_before(settings, &installation).await;
    let stopwatch = Stopwatch::start();
    let index = Arc::new(KeyIndex::new(index_config(settings, installation.log.identity(), stopwatch)));
    let key_index =
        one(&installation, KeyIndexProjection { index: Arc::clone(&index), stopwatch }, quiet).await?.digest;
    let bytes = index.snapshot(&installation.keyring.mac_keys());
    snapshot::store(&installation.directory.snapshots(), &bytes)
        .context("cannot write a snapshot of the key index")?;

    let path = installation.directory.read_models();
    PartnerKeys::remove(&path).with_context(|| format!("cannot remove {}", path.display()))?;
    let rows = PartnerKeys::open(&path, installation.log.identity())?;
    let partner_keys = one(&installation, PartnerKeysProjection(rows), quiet).await?.digest;

    let head = installation.log.head().await?;
    let model = |name, digest, before| Model::found(name, head, head, digest).compared_with(before);
    let models = [
        model("key_index", key_index, before.key_index),
        model("partner_keys", partner_keys, before.partner_keys),
    ];
    print(context.output, &models, true)?;
    let changed: Vec<_> = models.iter().filter(|model| model.was_changed()).map(Model::name).collect();
    anyhow::ensure!(
        changed.is_empty(),
        "{} did not hold what the log says, and does now: find out who wrote to the data directory",
        changed.join(" and ")
    );
    Ok(())
}

async fn one<P: Projection>(
    installation: &Installation,
    projection: P,
    quiet: bool,
) -> anyhow::Result<Rebuilt<P>> {
    let log: Arc<dyn EventLog> = installation.log.clone();
    let (bar, on_progress) = progress_bar(projection.name(), quiet);
    let rebuilt = rebuild(log, installation.keyring.mac_keys_source(), projection, on_progress).await;
    bar.finish_and_clear();
    Ok(rebuilt?)
}
