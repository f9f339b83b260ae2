//! `keyledger restore`: a backup becomes the log again, in a new life, and what was taken away after the backup is taken away
//! again before anybody can serve from it.
//!
//! The order makes it safe to be killed: the epoch is written down; the log is copied without an identity, which nobody
//! opens; what was taken away is recorded in it; the keyring is moved to the new epoch; and in the last step the log gets its
//! identity. The same command goes on wherever it was.

mod again;
mod history;
mod intent;

use std::{
    fs::{self, DirBuilder, File},
    io,
    os::unix::fs::DirBuilderExt as _,
    path::Path,
    sync::Arc,
};

use again::{Again, Named, take_away_again};
use anyhow::{Context as _, bail, ensure};
use history::History;
use intent::Intent;
use keyledger_event_log::{EventLog, LogIdentity};
use keyledger_event_log_sqlite::SqliteLog;
use serde::Serialize;
use tokio::sync::watch;

use crate::{
    backup::{self, Manifest},
    cli::{
        Context,
        roles::{RestoreArgs, Revocations},
    },
    data_dir::{DataDir, Role},
    installation::{HeldKeyring, LogPlace, offline_service},
    kafka,
    keyring::Keyring,
    log_copy::{Copied, Copying, Stage},
    output::{count, progress_bar},
};

/// What a restore came to.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Restored {
    log: uuid::Uuid,
    epoch: u32,
    /// The position of the last event of the backup.
    position: u64,
    digest: String,
    /// When the backup was begun.
    at: String,
    /// None where nobody was to tell.
    again: Option<Again>,
    /// Where the readers of the life before were put.
    set_aside: Option<String>,
}

/// Puts a backup in the place of a log that is gone.
///
/// # Errors
/// One sentence that says what to do; the same command goes on where it was.
pub(crate) async fn run(context: &Context, args: &RestoreArgs) -> anyhow::Result<()> {
    let settings = context.settings();
    let from = &args.from;
    let manifest = Manifest::load(from)?.filter(|found| found.position > 0).with_context(|| {
        format!("{} holds no backup that was completed: name another directory", from.display())
    })?;
    let directory = DataDir::new(&settings.server.data_dir);
    let place = LogPlace::of(&settings.log, &directory)?;
    let path = &settings.keyring.path;
    let keyring = Keyring::load(path)?;
    ensure!(
        keyring.log().log == manifest.log,
        "the keyring {} belongs to log {}, and the backup is of log {}: put the one there that belongs to it",
        path.display(),
        keyring.log().log,
        manifest.log
    );
    ensure!(
        keyring.active_pepper().is_some(),
        "the keyring {} holds no active pepper: put the whole keyring there",
        path.display()
    );
    let history = history(context, &args.revocations_from, &manifest).await?;
    directory.create().with_context(|| format!("cannot use {}", directory.path().display()))?;
    let _lock = directory.lock(Role::Serve)?;
    let _backup = backup::lock(from)?;
    let intent = Intent::load(&directory)?;
    let stage = place.stage().await?;
    match (stage, intent) {
        (Stage::Log(found), Some(intent)) if (found.log, found.epoch) == (intent.log, intent.epoch) => {
            // Killed behind the last step, or its answer got lost.
            Intent::done(&directory)?;
            return Ok(context.output.line(&format!(
                "The log at {place} was restored: log {}, epoch {}. Start the registry.",
                found.log, found.epoch
            ))?);
        }
        (Stage::Log(found), _) => bail!(
            "log {}, epoch {}, lies at {place}, and a log is never written over: put it away, or name another place",
            found.log,
            found.epoch
        ),
        (Stage::Unfinished, None) => {
            bail!("{place} holds a copy that another command began: finish that one, or put it away")
        }
        (Stage::Nothing | Stage::Unfinished, _) => {}
    }
    let told = history.as_ref().map_or(0, |history| history.epoch);
    let lived = keyring.log().epoch.max(manifest.epoch).max(told);
    let intent = match intent {
        Some(intent) => {
            ensure!(
                intent.log == manifest.log
                    && told.max(manifest.epoch).max(args.after_epoch.unwrap_or(0)) < intent.epoch,
                "{} is in the middle of another restore: go on with that one, or put restoring.json and the copy away",
                directory.path().display()
            );
            intent
        }
        None => {
            let epoch =
                lived.max(args.after_epoch.unwrap_or(0)).checked_add(1).context("there is no later epoch")?;
            let intent = Intent { log: manifest.log, epoch };
            intent.save(&directory)?;
            intent
        }
    };
    let life = LogIdentity { log: intent.log, epoch: intent.epoch };
    let digest = copy(context, from, &manifest, &place, life, &keyring).await?;
    let again = match &history {
        Some(history) => {
            let log = place.open_unfinished(life).await?;
            let (_sender, held) = watch::channel(Arc::new(keyring.clone()));
            let service = offline_service(log.clone(), HeldKeyring(held), settings.secret.marker.0);
            Some(take_away_again(&log, &service, history).await?)
        }
        None => None,
    };
    let set_aside = set_aside(&directory, life.epoch)?;
    put_people_back(from, &directory, &manifest)?;
    Keyring::change(path, |keyring| {
        keyring.begin_life(life.epoch);
        anyhow::Ok(())
    })?;
    place.finish(life).await?;
    Intent::done(&directory)?;
    let Manifest { log, position, at, .. } = manifest;
    let restored = Restored { log, epoch: life.epoch, position, digest, at, again, set_aside };
    if context.output.json { Ok(context.output.value(&restored)?) } else { tell(context, &place, &restored) }
}

/// What the source of revocations tells; none where it was said that there is to be none.
async fn history(
    context: &Context,
    from: &Option<Revocations>,
    manifest: &Manifest,
) -> anyhow::Result<Option<History>> {
    match from {
        None => Ok(None),
        Some(Revocations::File(path)) => Ok(Some(History::of_file(path, manifest)?)),
        Some(Revocations::Kafka) => {
            let cluster = kafka::needed_cluster(context.settings())?;
            Ok(Some(History::of_topics(cluster, manifest).await?))
        }
    }
}

/// Copies the backup into the place of the log, and checks that it is what its manifest says. The digest is that of the log
/// as it is copied.
async fn copy(
    context: &Context,
    from: &Path,
    manifest: &Manifest,
    place: &LogPlace,
    life: LogIdentity,
    keyring: &Keyring,
) -> anyhow::Result<String> {
    let source = SqliteLog::open_unfinished_read_only(from.join(backup::LOG), manifest.identity())?;
    let source: Arc<dyn EventLog> = Arc::new(source);
    let keys = Arc::new(keyring.mac_keys());
    let keys = Arc::new(move || Arc::clone(&keys));
    let mut copying =
        Copying::begin(source, place.open_unfinished(life).await?, manifest.identity(), keys).await?;
    let (bar, mut on_progress) = progress_bar("restoring", context.output.json);
    let copied = async {
        copying.up_to(manifest.position, &mut on_progress).await?;
        ensure!(
            copying.digest() == manifest.digest,
            "{} does not hold what its backup.json says: it was damaged or changed, so take another backup",
            from.display()
        );
        copying.go_on(&mut on_progress).await?;
        // An earlier attempt may have recorded more in it already.
        Ok(copying.copied())
    };
    let copied = copied.await.inspect_err(|_| bar.abandon());
    bar.finish_and_clear();
    let Copied { digest, .. } = copied?;
    Ok(digest)
}

/// Puts what readers made of the life before out of the way, and says where. They are the witness of what was lost.
fn set_aside(directory: &DataDir, epoch: u32) -> anyhow::Result<Option<String>> {
    let aside = directory.path().join(format!("before-epoch-{epoch}"));
    let mut found = Vec::new();
    for file in ["read-models.db", "read-models.db-wal", "read-models.db-shm"] {
        found.extend(Some(directory.path().join(file)).filter(|path| path.exists()));
    }
    let snapshots = directory.snapshots();
    for entry in fs::read_dir(&snapshots).with_context(|| format!("cannot read {}", snapshots.display()))? {
        found.push(entry?.path());
    }
    if !found.is_empty() {
        DirBuilder::new().recursive(true).mode(0o700).create(&aside)?;
    }
    for path in found {
        let name = path.file_name().context("a file has a name")?;
        fs::rename(&path, aside.join(name)).with_context(|| format!("cannot move {}", path.display()))?;
    }
    File::open(directory.path())?.sync_all()?;
    Ok(aside.exists().then(|| aside.display().to_string()))
}

/// Puts the people of the portal back, where theirs are gone.
fn put_people_back(from: &Path, directory: &DataDir, manifest: &Manifest) -> anyhow::Result<()> {
    let path = directory.people();
    if !manifest.people || path.exists() {
        return Ok(());
    }
    let unfinished = directory.path().join("portal.unfinished");
    match fs::remove_file(&unfinished) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error.into()),
        _ => {}
    }
    // A copy keeps the permissions.
    let put = fs::copy(from.join(backup::PEOPLE), &unfinished)
        .and_then(|_| File::open(&unfinished)?.sync_all())
        .and_then(|()| fs::rename(&unfinished, &path));
    put.with_context(|| format!("cannot put {} back", path.display()))
}

fn tell(context: &Context, place: &LogPlace, restored: &Restored) -> anyhow::Result<()> {
    let Restored { log, epoch, position, digest, at, again, set_aside } = restored;
    let mut text = format!(
        "The log at {place} is that of {at}: log {log}, positions 1 to {position}, and lives in epoch {epoch} now.\n  {digest}\n"
    );
    match again {
        None => text.push_str(
            "Nobody told what was taken away since: keys that were revoked after that moment work again.\n",
        ),
        Some(again) => {
            text.push_str(&format!(
                "{} revoked again. {} created after the backup are gone.\n",
                count(again.revoked.len(), "key"),
                again.gone
            ));
            list(
                &mut text,
                "had got another secret, which is lost; every older one was ended, so regenerate it",
                &again.ended,
            );
            list(&mut text, "had its overlap ended, and has it ended again", &again.overlaps_ended);
            list(
                &mut text,
                "was changed after the backup and is as before: look at its scopes and expiry",
                &again.changed,
            );
        }
    }
    if let Some(aside) = set_aside {
        text.push_str(&format!("What readers had made of the life before is in {aside}.\n"));
    }
    text.push_str(
        "The keyring is of the new epoch: bring it to every machine and to its safe copy. Then start the registry; \
         where it publishes to Kafka, run `keyledger kafka continue` first.\n",
    );
    Ok(context.output.text(&text)?)
}

fn list(text: &mut String, what: &str, keys: &[Named]) {
    for Named { key_id, partner_id } in keys {
        text.push_str(&format!("  {partner_id} {key_id}: {what}\n"));
    }
}
