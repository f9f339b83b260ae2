//! Lists in a database are made anew beside those that are read, while everything runs.

use std::sync::Arc;

use anyhow::Context as _;
use keyledger_event_log::{Checkpoint, EventLog, Position};
use keyledger_projectors::{CheckedEvent, Projection, ProjectionError, Rebuilt, rebuild};
use keyledger_read_models::{Contents, Database, PartnerKeysReader, Swap};
use tokio::task;

use super::{
    PartnerKeysProjection,
    model::Model,
    rebuild::{key_index, one},
    status::snapshot_digest,
};
use crate::{
    cli::Context,
    data_dir::Role,
    installation::{HeldKeyring, ReadOnly, confirm_witnesses},
};

/// Makes the lists anew; and the key index where no process of this data directory has it in its memory.
pub(super) async fn run(context: &Context, database: &Database, force: bool) -> anyhow::Result<Vec<Model>> {
    let (settings, quiet) = (context.settings(), context.output.json);
    let ReadOnly { directory, log, keyring } = ReadOnly::open(settings).await?;
    if !force {
        confirm_witnesses(settings, &directory, &*log, &keyring).await?;
    }
    let mut models = Vec::new();
    directory.create().with_context(|| format!("cannot use {}", directory.path().display()))?;
    // Held by whoever has an index; its snapshot is then its own business.
    if let Ok(_lock) = directory.lock(Role::Projector) {
        let before = snapshot_digest(settings, &keyring, log.clone(), &directory.snapshots()).await;
        let digest = key_index(settings, &directory, &log, &keyring, quiet).await?;
        let head = log.head().await?;
        let model = Model::found("key_index", head, head, digest);
        models.push(model.compared_with(before.map(|(_, digest)| digest)));
    }
    models.push(lists(database, &log, &keyring, force, quiet).await?);
    Ok(models)
}

/// Makes the lists anew and puts them in the place of those that are read.
async fn lists(
    database: &Database,
    log: &Arc<dyn EventLog>,
    keyring: &HeldKeyring,
    force: bool,
    quiet: bool,
) -> anyhow::Result<Model> {
    let (identity, place) = (log.identity(), database.clone());
    let begun = task::spawn_blocking(move || {
        let before =
            PartnerKeysReader::open_in(&place, identity).ok().and_then(|lists| lists.contents().ok());
        Swap::begin(&place, identity).map(|(swap, lists)| (before, swap, lists))
    });
    let (before, mut swap, lists) = begun.await??;
    let made = Passing { lists: PartnerKeysProjection(lists), before, unchanged: None, digest: None };
    let Rebuilt { projection: mut made, digest } = one(log, keyring, made, quiet).await?;
    let reached = made.checkpoint().position;
    made.digest = Some(digest);
    // A digest takes its time, and more was recorded meanwhile: the others are held only for what comes now.
    let made = to_the_head(log, keyring, made).await?;
    let swap = task::spawn_blocking(move || swap.hold().map(|()| swap)).await??;
    let made = to_the_head(log, keyring, made).await?;
    let unchanged = made.unchanged;
    task::spawn_blocking(move || swap.finish(made.lists.0, force)).await??;
    Ok(Model::found("partner_keys", reached, reached, digest).compared(unchanged))
}

async fn to_the_head(
    log: &Arc<dyn EventLog>,
    keyring: &HeldKeyring,
    made: Passing,
) -> anyhow::Result<Passing> {
    Ok(rebuild(log.clone(), keyring.mac_keys_source(), made, |_, _| {}).await?.projection)
}

/// Lists on their way to the head, which are looked at where the others were, and compared with them. Their digest is of the
/// first head they came to.
struct Passing {
    lists: PartnerKeysProjection,
    before: Option<Contents>,
    unchanged: Option<bool>,
    digest: Option<[u8; 32]>,
}

impl Passing {
    /// Takes events in, and compares where the others were.
    fn pass(&mut self, events: &[CheckedEvent]) -> Result<(), ProjectionError> {
        self.lists.apply(events)?;
        if let Some(before) = self.before.take_if(|before| self.lists.checkpoint() == before.checkpoint) {
            self.unchanged = Some(self.lists.digest()? == before.digest);
        }
        Ok(())
    }
}

impl Projection for Passing {
    fn name(&self) -> &'static str {
        self.lists.name()
    }

    fn checkpoint(&self) -> Checkpoint {
        self.lists.checkpoint()
    }

    fn apply(&mut self, events: &[CheckedEvent]) -> Result<(), ProjectionError> {
        let there = self.before.as_ref().map_or(Position::START, |before| before.checkpoint.position);
        let (up_to, beyond) = events.split_at(events.partition_point(|event| event.position <= there));
        self.pass(up_to)?;
        self.pass(beyond)
    }

    fn digest(&self) -> Result<[u8; 32], ProjectionError> {
        self.digest.map_or_else(|| self.lists.digest(), Ok)
    }
}
