use std::{
    fs::{self, DirBuilder, File},
    io,
    os::unix::fs::DirBuilderExt as _,
    path::{Path, PathBuf},
    sync::Arc,
};

use anyhow::{Context as _, bail, ensure};
use keyledger_command_service::{ChangeCatalogue, Revisions};
use keyledger_domain::{Catalogue, Clock as _, KeyName, envelope::uuid_v7};
use keyledger_event_log::{Append, EventLog, LogIdentity};
use keyledger_secret::{PlaintextSecret, Randomness as _};
use tokio::sync::watch;

use crate::{
    data_dir::{DataDir, Role},
    environment::{OsRandomness, SystemClock},
    keyring::Keyring,
    settings::Settings,
};

use super::{
    OPERATOR_KEY,
    draft::Draft,
    log::{AnotherIsThere, LogPlace},
    open::HeldKeyring,
    operator_key::{create_operator_key, offline_service, operator_request, write_operator_key},
};

/// The keyring of a registry whose log may not be there yet.
const KEYRING: &str = "keyring";

/// What was found or made.
pub(crate) enum Begun {
    /// A registry was there already.
    Found,
    /// A new one was made, with its first operator key, which also lies in this file.
    Made {
        /// The key, here and in the file.
        operator_key: PlaintextSecret,
        /// The file.
        file: PathBuf,
    },
    /// An earlier attempt was finished; its operator key lies in this file.
    Finished {
        /// The file.
        file: PathBuf,
    },
}

/// Makes a registry where there is none: keyring, catalogue, first operator key, log. What belongs to the log is written
/// down beside its place first, the log then begun in one step, and the rest moved into place. Killed at any moment, the
/// next attempt either begins anew, because there is no log, or finishes the moves.
///
/// # Errors
/// One sentence, where something is in the way that must not be lost.
pub(crate) async fn begin(settings: &Settings, catalogue: Catalogue) -> anyhow::Result<Begun> {
    let beginning = Beginning::of(settings)?;
    if beginning.log.is_there().await? && !beginning.unfinished.exists() {
        return Ok(Begun::Found);
    }
    let directory = &beginning.directory;
    directory.create().with_context(|| format!("cannot use {}", directory.path().display()))?;
    let _lock = directory.lock(Role::Serve)?;
    // Whoever had the lock may have begun it.
    if let Some(found) = beginning.log.found().await? {
        return beginning.finish(found);
    }
    beginning.must_be_empty()?;
    let (operator_key, identity, first) = draft(&beginning, settings, catalogue).await?;
    if let Err(error) = beginning.log.begin(identity, &first, &beginning.unfinished).await {
        // Nothing hangs on what was made for a log that never was.
        if error.is::<AnotherIsThere>() {
            remove(&beginning.unfinished)?;
        }
        return Err(error);
    }
    beginning.finish(identity)?;
    Ok(Begun::Made { operator_key, file: directory.path().join(OPERATOR_KEY) })
}

/// Where a registry is begun.
struct Beginning<'a> {
    directory: DataDir,
    log: LogPlace,
    keyring: &'a Path,
    /// What belongs to the log and is not in its place.
    unfinished: PathBuf,
}

impl<'a> Beginning<'a> {
    fn of(settings: &'a Settings) -> anyhow::Result<Self> {
        let directory = DataDir::new(&settings.server.data_dir);
        let log = LogPlace::of(&settings.log, &directory)?;
        let unfinished = directory.path().join("unfinished");
        Ok(Self { directory, log, keyring: &settings.keyring.path, unfinished })
    }

    /// Refuses to begin where anything lies: whatever it is, it is not ours to build upon.
    fn must_be_empty(&self) -> anyhow::Result<()> {
        let Self { directory, log, keyring, unfinished } = self;
        if keyring.exists() {
            bail!(
                "a keyring lies at {} and its log is not at {log}: put the log back, or move the keyring away to begin a new registry",
                keyring.display()
            );
        }
        Keyring::remove_unfinished(keyring)?;
        remove(unfinished)?;
        let snapshots = fs::read_dir(directory.snapshots()).map(|mut entries| entries.next().is_some());
        if !directory.is_empty()? || snapshots? {
            bail!(
                "{} is not empty, and there is no log at {log}: put the log back, or name an empty directory with --data-dir",
                directory.path().display()
            );
        }
        Ok(())
    }

    /// Moves what belongs to the log that is there into place, if it is not there yet.
    fn finish(&self, log: LogIdentity) -> anyhow::Result<Begun> {
        let Self { directory, keyring: path, unfinished, .. } = self;
        let made = unfinished.join(KEYRING);
        if !made.exists() {
            // Killed behind the last move, an attempt leaves an empty place behind.
            remove(unfinished)?;
            return Ok(Begun::Found);
        }
        let keyring = Keyring::load(&made)?;
        ensure!(
            keyring.log() == log,
            "{} holds the beginning of another registry than the one at {}: move it away",
            unfinished.display(),
            self.log
        );
        Keyring::remove_unfinished(path)?;
        if !path.exists() {
            keyring.save_new(path)?;
        }
        let operator_key = directory.path().join(OPERATOR_KEY);
        match fs::rename(unfinished.join(OPERATOR_KEY), &operator_key) {
            // It was moved by the attempt that this one finishes.
            Err(error) if error.kind() == io::ErrorKind::NotFound && operator_key.exists() => {}
            moved => moved.with_context(|| format!("cannot make {}", operator_key.display()))?,
        }
        File::open(directory.path())?.sync_all()?;
        remove(unfinished)?;
        Ok(Begun::Finished { file: operator_key })
    }
}

/// Decides how a new registry begins, and writes down what nobody could ever find out again: its keys.
async fn draft(
    beginning: &Beginning<'_>,
    settings: &Settings,
    catalogue: Catalogue,
) -> anyhow::Result<(PlaintextSecret, LogIdentity, Vec<Append>)> {
    let unfinished = &beginning.unfinished;
    DirBuilder::new().mode(0o700).create(unfinished)?;
    let mut random = [0; 10];
    OsRandomness.fill(&mut random);
    let identity = LogIdentity { log: uuid_v7(SystemClock.now(), random), epoch: 1 };
    let keyring = Keyring::generate(identity, &OsRandomness);
    let (_sender, held) = watch::channel(Arc::new(keyring.clone()));
    let draft = Arc::new(Draft::of(identity));
    let log: Arc<dyn EventLog> = draft.clone();
    let service = offline_service(log, HeldKeyring(held), settings.secret.marker.0);
    let change = ChangeCatalogue { catalogue, dry_run: false, revisions: Revisions::Any };
    service
        .change_catalogue(&operator_request(&*draft), change)
        .await
        .context("cannot record the scope catalogue")?;
    let operator_key = create_operator_key(&service, &*draft, KeyName::parse("First operator")?).await?;
    write_operator_key(unfinished, &operator_key)?;
    keyring.save_new(&unfinished.join(KEYRING))?;
    File::open(beginning.directory.path())?.sync_all()?;
    Ok((operator_key, identity, draft.appends()))
}

/// Removes the place where a registry is made; what is not there is removed already.
fn remove(unfinished: &Path) -> anyhow::Result<()> {
    match fs::remove_dir_all(unfinished) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(error).with_context(|| format!("cannot remove {}", unfinished.display()))
        }
        _ => Ok(()),
    }
}
