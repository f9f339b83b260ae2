use std::{
    fs::{self, DirBuilder, File},
    io,
    os::unix::fs::DirBuilderExt as _,
    path::{Path, PathBuf},
    sync::Arc,
};

use anyhow::{Context as _, bail};
use keyledger_command_service::{ChangeCatalogue, Revisions};
use keyledger_domain::{Catalogue, Clock as _, KeyName, envelope::uuid_v7};
use keyledger_event_log::{EventLog, LogIdentity};
use keyledger_event_log_sqlite::SqliteLog;
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
    open::HeldKeyring,
    operator_key::{create_operator_key, offline_service, operator_request, write_operator_key},
};

/// What was found or made in a data directory.
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

/// Makes a registry where the data directory is empty: keyring, log, catalogue, first operator key. Everything is made
/// beside its place and moved there at the end, the log last: killed at any moment, the next attempt either begins
/// anew or finishes the moves.
///
/// # Errors
/// One sentence, where something is in the way that must not be lost.
pub(crate) async fn begin(settings: &Settings, catalogue: Catalogue) -> anyhow::Result<Begun> {
    let directory = DataDir::new(&settings.server.data_dir);
    let unfinished = directory.path().join("unfinished");
    if directory.log().exists() {
        // Killed behind the last move, an attempt leaves an empty place behind.
        remove(&unfinished)?;
        return Ok(Begun::Found);
    }
    directory.create().with_context(|| format!("cannot use {}", directory.path().display()))?;
    let _lock = directory.lock(Role::Serve)?;
    let keyring = &settings.keyring.path;
    if keyring.exists() {
        if !unfinished.join("log.db").exists() {
            bail!(
                "a keyring lies at {} and its log is not at {}: put the log back, or move the keyring away to begin a new registry",
                keyring.display(),
                directory.log().display()
            );
        }
        must_be_whole(&unfinished, &Keyring::load(keyring)?).await?;
        Keyring::remove_unfinished(keyring)?;
        let file = move_into_place(&directory, &unfinished)?;
        return Ok(Begun::Finished { file });
    }
    Keyring::remove_unfinished(keyring)?;
    must_be_empty(&directory, &unfinished)?;
    let operator_key = make(settings, &unfinished, catalogue).await?;
    let file = move_into_place(&directory, &unfinished)?;
    Ok(Begun::Made { operator_key, file })
}

/// Refuses a directory that holds anything: whatever it is, it is not ours to build upon.
fn must_be_empty(directory: &DataDir, unfinished: &Path) -> anyhow::Result<()> {
    remove(unfinished)?;
    let snapshots = fs::read_dir(directory.snapshots()).map(|mut entries| entries.next().is_some());
    if !directory.is_empty()? || snapshots? {
        bail!(
            "{} is not empty and holds no log: put log.db back, or name an empty directory with --data-dir",
            directory.path().display()
        );
    }
    Ok(())
}

/// Refuses to finish what was not begun by us. Opening and closing the log also brings everything into its one file.
async fn must_be_whole(unfinished: &Path, keyring: &Keyring) -> anyhow::Result<()> {
    let log = SqliteLog::open(unfinished.join("log.db"))?;
    anyhow::ensure!(
        log.identity() == keyring.log(),
        "{} holds the beginning of another registry than the keyring's: move it away",
        unfinished.display()
    );
    // The keyring was written when both first events had been.
    anyhow::ensure!(
        log.head().await?.get() >= 2,
        "{} holds a registry that was never finished, without its first events: remove it and the keyring, and start again",
        unfinished.display()
    );
    Ok(())
}

async fn make(
    settings: &Settings,
    unfinished: &Path,
    catalogue: Catalogue,
) -> anyhow::Result<PlaintextSecret> {
    DirBuilder::new().mode(0o700).create(unfinished)?;
    let mut random = [0; 10];
    OsRandomness.fill(&mut random);
    let identity = LogIdentity { log: uuid_v7(SystemClock.now(), random), epoch: 1 };
    let keyring = Keyring::generate(identity, &OsRandomness);
    let (_sender, held) = watch::channel(Arc::new(keyring.clone()));
    let log: Arc<dyn EventLog> = Arc::new(SqliteLog::create(unfinished.join("log.db"), identity)?);
    let service = offline_service(Arc::clone(&log), HeldKeyring(held), settings.secret.marker.0);
    let change = ChangeCatalogue { catalogue, dry_run: false, revisions: Revisions::Any };
    service
        .change_catalogue(&operator_request(&*log), change)
        .await
        .context("cannot record the scope catalogue")?;
    let operator_key = create_operator_key(&service, &*log, KeyName::parse("First operator")?).await?;
    write_operator_key(unfinished, &operator_key)?;
    // Closed, the log is one file, and can be moved.
    drop((service, log));
    // The keyring is the sign that everything else is whole.
    keyring.save_new(&settings.keyring.path)?;
    Ok(operator_key)
}

/// The log comes last: where it lies, a registry is.
fn move_into_place(directory: &DataDir, unfinished: &Path) -> anyhow::Result<PathBuf> {
    let operator_key = directory.path().join(OPERATOR_KEY);
    for (from, to) in [(OPERATOR_KEY, operator_key.clone()), ("log.db", directory.log())] {
        match fs::rename(unfinished.join(from), &to) {
            // It was moved by the attempt that this one finishes.
            Err(error) if error.kind() == io::ErrorKind::NotFound && to.exists() => {}
            moved => moved.with_context(|| format!("cannot move {} to {}", from, to.display()))?,
        }
    }
    File::open(directory.path())?.sync_all()?;
    remove(unfinished)?;
    Ok(operator_key)
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
