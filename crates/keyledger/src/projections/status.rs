use std::sync::Arc;

use keyledger_event_log::{EventLog, Position};
use keyledger_projectors::{Projection as _, rebuild};
use keyledger_validator::snapshot;

use super::{
    KeyIndexProjection,
    model::{Model, print},
};
use crate::{
    cli::Context,
    environment::Stopwatch,
    installation::{HeldKeyring, Installation, ModelsPlace, ReadOnly, index_config},
    settings::Settings,
};

/// The digests of the read models as they lie on the disk, brought to the head of the log where that is possible; none
/// where there is no such model, or it is behind.
pub(super) struct Digests {
    pub(super) key_index: Option<[u8; 32]>,
    pub(super) partner_keys: Option<[u8; 32]>,
}

/// What the models of an installation hold before they are made anew.
pub(super) async fn digest_before(settings: &Settings, installation: &Installation) -> Digests {
    let log: Arc<dyn EventLog> = installation.log.clone();
    let head = log.head().await.ok();
    let snapshots = installation.directory.snapshots();
    let key_index = snapshot_digest(settings, &installation.keyring, log.clone(), &snapshots).await;
    let models = ModelsPlace::of(&settings.read_models, &installation.directory).ok();
    let rows = models
        .and_then(|models| models.read_lists(log.identity()).ok())
        .and_then(|reader| reader.contents().ok())
        .filter(|rows| Some(rows.checkpoint.position) == head);
    Digests { key_index: key_index.map(|(_, digest)| digest), partner_keys: rows.map(|rows| rows.digest) }
}

/// The digest of the key index that the newest snapshot makes with the events after it, and where the snapshot stands.
pub(super) async fn snapshot_digest(
    settings: &Settings,
    keyring: &HeldKeyring,
    log: Arc<dyn EventLog>,
    snapshots: &std::path::Path,
) -> Option<(Position, [u8; 32])> {
    let stopwatch = Stopwatch::start();
    let config = index_config(settings, log.identity(), stopwatch);
    let index = Arc::new(snapshot::load(snapshots, &config, &keyring.mac_keys())?);
    let projection = KeyIndexProjection { index, stopwatch };
    let position = projection.checkpoint().position;
    let rebuilt = rebuild(log, keyring.mac_keys_source(), projection, |_, _| {}).await.ok()?;
    Some((position, rebuilt.digest))
}

/// Shows each read model: up to where it is written down, how far that is behind the log, and its digest.
///
/// # Errors
/// One sentence, where there is no registry or its log cannot be read.
pub(crate) async fn run(context: &Context) -> anyhow::Result<()> {
    let settings = context.settings();
    let ReadOnly { directory, log, keyring } = ReadOnly::open(settings).await?;
    let log: Arc<dyn EventLog> = log;
    let head = log.head().await?;
    let model = |name, found: Option<(Position, [u8; 32])>| {
        found.map_or(Model::missing(name), |(position, digest)| Model::found(name, position, head, digest))
    };
    let key_index = snapshot_digest(settings, &keyring, log.clone(), &directory.snapshots()).await;
    let rows = ModelsPlace::of(&settings.read_models, &directory)?.read_lists(log.identity()).ok();
    let rows = rows.map(|reader| reader.contents()).transpose()?;
    let rows = rows.map(|rows| (rows.checkpoint.position, rows.digest));
    print(context.output, &[model("key_index", key_index), model("partner_keys", rows)], false)
}
