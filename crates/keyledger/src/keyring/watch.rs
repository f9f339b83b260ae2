//! A running registry takes up a changed keyring by itself.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, SystemTime},
};

use tokio::{sync::watch, time};

use super::{Keyring, KeyringError};

/// How often the file is looked at.
const EVERY: Duration = Duration::from_secs(1);

/// Loads the keyring, and loads it again whenever its file changes, for as long as anybody holds the receiver. A file that
/// is no keyring, or one of another log, is not taken up: the one before it stays, and a warning says why.
///
/// Must be called on a tokio runtime.
///
/// # Errors
/// [`KeyringError`] of the first load.
pub(crate) fn watch(path: PathBuf) -> Result<watch::Receiver<Arc<Keyring>>, KeyringError> {
    // The stamp first: what changes between the two is loaded once more, and not missed.
    let stamp = stamp(&path);
    let (sender, receiver) = watch::channel(Arc::new(Keyring::load(&path)?));
    tokio::spawn(follow(path, stamp, sender));
    Ok(receiver)
}

async fn follow(path: PathBuf, mut seen: Option<Stamp>, sender: watch::Sender<Arc<Keyring>>) {
    let mut ticks = time::interval(EVERY);
    loop {
        tokio::select! {
            () = sender.closed() => return,
            _ = ticks.tick() => {}
        }
        let now = stamp(&path);
        if now == seen {
            continue;
        }
        seen = now;
        let current = sender.borrow().clone();
        match Keyring::load(&path) {
            Ok(keyring) if keyring.log() != current.log() => {
                tracing::error!(path = %path.display(), "the keyring is now that of another log: the one before it stays in use");
            }
            Ok(keyring) if current.active_pepper().is_some() && keyring.active_pepper().is_none() => {
                tracing::error!(path = %path.display(), "the keyring now lacks its active pepper: the one before it stays in use");
            }
            Ok(keyring) if keyring == *current => {}
            Ok(keyring) => {
                tracing::info!(path = %path.display(), "the keyring has changed and is taken up");
                sender.send_replace(Arc::new(keyring));
            }
            Err(error) => {
                tracing::error!(%error, "the keyring has changed and cannot be used: the one before it stays in use")
            }
        }
    }
}

/// What tells one state of a file from another.
type Stamp = (SystemTime, u64, u64);

fn stamp(path: &Path) -> Option<Stamp> {
    use std::os::unix::fs::MetadataExt as _;
    let found = fs::metadata(path).ok()?;
    Some((found.modified().ok()?, found.len(), found.ino()))
}

#[cfg(test)]
mod tests {
    use keyledger_event_log::LogIdentity;
    use uuid::Uuid;

    use super::{
        super::{Kind, tests::keyring},
        *,
    };

    #[tokio::test(start_paused = true)]
    async fn a_changed_keyring_is_taken_up_and_a_bad_one_is_not() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("keyring");
        let (mut changed, randomness) = keyring();
        changed.save_new(&path).expect("saved");
        let mut receiver = watch(path.clone()).expect("a keyring");

        changed.add(Kind::Pepper, &randomness).expect("added");
        changed.save(&path).expect("saved");
        receiver.changed().await.expect("a change");
        assert!(**receiver.borrow_and_update() == changed);

        fs::write(&path, "nonsense").expect("a file");
        time::sleep(3 * EVERY).await;
        assert!(!receiver.has_changed().expect("open"), "nonsense is not taken up");

        Keyring::generate(LogIdentity { log: Uuid::from_u128(8), epoch: 1 }, &randomness)
            .save(&path)
            .expect("saved");
        time::sleep(3 * EVERY).await;
        assert!(!receiver.has_changed().expect("open"), "the keyring of another log is not taken up");

        changed.activate(Kind::Pepper, None).expect("activated");
        changed.save(&path).expect("saved");
        receiver.changed().await.expect("a change");
        assert!(**receiver.borrow() == changed);
    }
}
