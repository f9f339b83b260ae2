use std::{path::Path, sync::Arc};

use anyhow::{Context as _, bail};
use keyledger_domain::envelope::{MacKeys, PepperId};
use keyledger_event_log::{EventLog, LogIdentity};
use keyledger_projectors::MacKeysSource;
use keyledger_secret::Pepper;
use keyledger_validator::{Bounds, Clocks, Config};
use tokio::sync::watch;

use crate::{
    data_dir::{DataDir, Role, RoleLock},
    environment::{Stopwatch, SystemClock},
    keyring::{self, Keyring},
    settings::Settings,
};

use super::log::{LogPlace, OpenLog};

/// An installation that this process alone writes to.
pub(crate) struct Installation {
    /// Where everything lies.
    pub(crate) directory: DataDir,
    /// Its event log.
    pub(crate) log: Arc<dyn EventLog>,
    /// Why the log takes no more events, once it does not.
    pub(crate) log_failed: watch::Receiver<Option<Arc<str>>>,
    /// Its keyring, as it is now and as it changes.
    pub(crate) keyring: HeldKeyring,
    /// Keeps other writers out for as long as the installation is open.
    pub(crate) lock: RoleLock,
}

/// An installation that somebody else may be writing to.
pub(crate) struct ReadOnly {
    /// Where everything lies.
    pub(crate) directory: DataDir,
    /// Its event log; it takes no events.
    pub(crate) log: Arc<dyn EventLog>,
    /// Its keyring.
    pub(crate) keyring: HeldKeyring,
}

/// The keyring of an open installation; it may change while it is held.
#[derive(Clone)]
pub(crate) struct HeldKeyring(pub(crate) watch::Receiver<Arc<Keyring>>);

impl Installation {
    /// Opens an installation for a role.
    ///
    /// # Errors
    /// One sentence that says what is missing or wrong, and what to do.
    pub(crate) async fn open(settings: &Settings, role: Role) -> anyhow::Result<Self> {
        let directory = DataDir::new(&settings.server.data_dir);
        let place = LogPlace::of(&settings.log, &directory)?;
        must_be_there(&place, &directory)?;
        directory.create().with_context(|| format!("cannot use {}", directory.path().display()))?;
        let lock = directory.lock(role)?;
        let keyring = keyring_of(settings, &place)?;
        let OpenLog { log, failed } = place.open().await?;
        keyring.must_be_of(log.identity(), &settings.keyring.path)?;
        if keyring.0.borrow().active_pepper().is_none() {
            bail!(
                "the keyring {} holds no active pepper: put the whole keyring back",
                settings.keyring.path.display()
            );
        }
        Ok(Self { directory, log, log_failed: failed, keyring, lock })
    }
}

impl ReadOnly {
    /// Opens an installation to look at it, also beside a running server.
    ///
    /// # Errors
    /// As [`Installation::open`].
    pub(crate) async fn open(settings: &Settings) -> anyhow::Result<Self> {
        let directory = DataDir::new(&settings.server.data_dir);
        let place = LogPlace::of(&settings.log, &directory)?;
        must_be_there(&place, &directory)?;
        let log = place.open_read_only().await?;
        let keyring = keyring_of(settings, &place)?;
        keyring.must_be_of(log.identity(), &settings.keyring.path)?;
        Ok(Self { directory, log, keyring })
    }
}

/// Refuses a directory without a registry, before anything is made there: its name may be a slip. Whether a log is in a
/// database, the database tells.
fn must_be_there(place: &LogPlace, directory: &DataDir) -> anyhow::Result<()> {
    if let LogPlace::File(log) = place {
        anyhow::ensure!(
            log.exists(),
            "there is no registry in {}: begin one with `keyledger serve`, or name its directory with --data-dir",
            directory.path().display()
        );
    }
    Ok(())
}

/// The keyring of an installation whose log is there. A log is never given a new one: nothing that the log holds could
/// be checked or recognised with it.
fn keyring_of(settings: &Settings, place: &LogPlace) -> anyhow::Result<HeldKeyring> {
    let path = &settings.keyring.path;
    if !path.exists() {
        bail!(
            "{place} is the log of a registry, and its keyring is not at {}: put the keyring there, or say where it is with keyring.path",
            path.display()
        );
    }
    Ok(HeldKeyring(keyring::watch(path.clone())?))
}

impl HeldKeyring {
    /// Refuses the keyring of another log.
    fn must_be_of(&self, log: LogIdentity, path: &Path) -> anyhow::Result<()> {
        let found = self.0.borrow().log();
        if found != log {
            bail!(
                "the keyring {} belongs to log {}, epoch {}, and this is log {}, epoch {}: put the one back that belongs to the other, or correct keyring.path",
                path.display(),
                found.log,
                found.epoch,
                log.log,
                log.epoch
            );
        }
        Ok(())
    }

    /// Tells everybody about a keyring that was changed, for ever: `told` in this process, and the commands beside it, which
    /// read what whoever holds `lock` has loaded.
    pub(crate) async fn follow(&self, lock: &RoleLock, told: impl Fn(&Keyring)) {
        let mut keyring = self.0.clone();
        loop {
            let summary = {
                let keyring = keyring.borrow_and_update();
                told(&keyring);
                keyring.summary()
            };
            if let Err(error) = lock.report(&summary) {
                tracing::warn!(%error, "cannot tell the commands beside this process which keys it has loaded");
            }
            if keyring.changed().await.is_err() {
                std::future::pending::<()>().await;
            }
        }
    }

    /// The MAC keys, as they are whenever they are asked for.
    pub(crate) fn mac_keys_source(&self) -> MacKeysSource {
        let keyring = self.clone();
        Arc::new(move || Arc::new(keyring.mac_keys()))
    }

    /// The MAC keys as they are now.
    pub(crate) fn mac_keys(&self) -> MacKeys {
        self.0.borrow().mac_keys()
    }

    /// The pepper for new secrets. An installation that makes secrets was opened with one.
    pub(crate) fn active_pepper(&self) -> (PepperId, Pepper) {
        self.0.borrow().active_pepper().expect("opening an installation checks that there is one")
    }

    /// The peppers as they are now.
    pub(crate) fn peppers(&self) -> Vec<(PepperId, Pepper)> {
        self.0.borrow().peppers()
    }
}

/// What the key index of an installation is told.
pub(crate) fn index_config(settings: &Settings, log: LogIdentity, stopwatch: Stopwatch) -> Config {
    Config {
        log,
        marker: settings.secret.marker.0,
        bounds: Bounds { soft: settings.validator.soft_bound.0, hard: settings.validator.hard_bound.0 },
        clocks: Clocks { wall: Arc::new(SystemClock), monotonic: Arc::new(stopwatch) },
    }
}
