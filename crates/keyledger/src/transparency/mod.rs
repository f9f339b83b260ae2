//! The transparency log: how the settings reach the signer, the signer as a role of its own, and the key that it signs with.
//! The tree, and what signing promises, are in the crate `audit`.

mod key_file;
pub(crate) mod role;

use std::sync::Arc;

use anyhow::Context as _;
use keyledger_audit::signer::{Signer, SignerParts};
use keyledger_event_log::{EventLog, PublicLog};

use crate::{
    environment::{self, OsRandomness},
    installation::HeldKeyring,
    settings::{Settings, Store},
};

/// Signs the log. The signer is given the public parts, and MAC keys only; its key is made where there is none.
///
/// # Errors
/// One sentence, where the key cannot be used.
pub(crate) fn sign(
    settings: &Settings,
    log: Arc<dyn EventLog>,
    keyring: &HeldKeyring,
) -> anyhow::Result<Arc<Signer>> {
    let transparency = &settings.transparency;
    let signer = Signer::spawn(SignerParts {
        log: PublicLog::of(log),
        keys: keyring.mac_keys_source(),
        key: key_file::load_or_make(&transparency.signer_key, &OsRandomness)?,
        memory: key_file::memory(&transparency.signer_key),
        directory: transparency.directory.clone(),
        every: transparency.every.0,
        clock: Arc::new(environment::instant),
    });
    Ok(Arc::new(signer.context("cannot start the signer")?))
}

/// The signer of a process that does other things besides: it never keeps those from being done.
#[derive(Clone)]
pub(crate) enum SignerBeside {
    /// Somebody else signs, or nobody.
    None,
    /// It cannot be started, for this reason.
    Refused(Arc<str>),
    /// It runs.
    Runs(Arc<Signer>),
}

impl SignerBeside {
    /// Whether `serve` signs: where it is told to, and the log is its own. A log in a database may have several processes,
    /// each with a key of its own, and is signed by `keyledger signer` alone.
    pub(crate) fn is_wanted(settings: &Settings) -> bool {
        settings.transparency.sign_in_serve && settings.log.store == Store::Sqlite
    }

    /// Signs where that is wanted.
    pub(crate) fn start(settings: &Settings, log: Arc<dyn EventLog>, keyring: &HeldKeyring) -> Self {
        if !Self::is_wanted(settings) {
            return Self::None;
        }
        match sign(settings, log, keyring) {
            Ok(signer) => Self::Runs(signer),
            Err(error) => {
                let why = format!("{error:#}");
                tracing::error!(why, "the log is not signed");
                Self::Refused(why.into())
            }
        }
    }

    /// Lets it end.
    pub(crate) async fn stop(&self) {
        if let Self::Runs(signer) = self {
            signer.stop().await;
        }
    }
}
