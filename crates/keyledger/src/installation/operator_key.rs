use std::{
    fs::{File, OpenOptions},
    io::{self, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use anyhow::{Context as _, bail};
use keyledger_command_service::{CommandService, CreateKey, Offline, Parts, Request, validators::Validators};
use keyledger_domain::{
    Actor, Authority, KeyName, PartnerId, Scope, Scopes, actor::ActorKind, authority::registry_scopes,
    envelope::uuid_v7,
};
use keyledger_event_log::EventLog;
use keyledger_secret::{Marker, PlaintextSecret, Randomness as _};

use crate::{
    environment::{OsRandomness, SystemClock},
    running::ports::KeyringPort,
};

use super::open::HeldKeyring;

/// The file in the data directory that holds an operator's key until somebody moves it to a secret store.
pub(crate) const OPERATOR_KEY: &str = "operator-key";

/// A command service over a log that nobody serves: what it records, readers find when they come.
pub(crate) fn offline_service(
    log: Arc<dyn EventLog>,
    keyring: HeldKeyring,
    marker: Marker,
) -> CommandService {
    CommandService::new(Parts {
        log,
        lists: Arc::new(Offline),
        last_used: Arc::new(Offline),
        readers: Arc::new(Offline),
        validators: Arc::new(Validators::new(None, false, Duration::ZERO)),
        keyring: Arc::new(KeyringPort(keyring)),
        clock: Arc::new(SystemClock),
        randomness: Arc::new(OsRandomness),
        marker,
    })
}

/// What whoever holds the keyring on this machine asks for. It is recorded as theirs: they may do everything anyway.
pub(crate) fn operator_request(log: &dyn EventLog) -> Request {
    Request {
        actor: Actor { kind: ActorKind::Keyring, id: log.identity().log.to_string() },
        authority: Authority::operator(),
        request_id: request_id(),
        idempotency: None,
    }
}

fn request_id() -> String {
    use keyledger_domain::Clock as _;
    let mut random = [0; 10];
    OsRandomness.fill(&mut random);
    uuid_v7(SystemClock.now(), random).to_string()
}

/// Creates a key that may operate the registry.
///
/// # Errors
/// Where the log does not take it.
pub(crate) async fn create_operator_key(
    service: &CommandService,
    log: &dyn EventLog,
    name: KeyName,
) -> anyhow::Result<PlaintextSecret> {
    let create = CreateKey {
        partner_id: PartnerId::registry(),
        name,
        scopes: Scopes::new([Scope::parse(registry_scopes::OPERATE).expect("a scope")]).expect("one scope"),
        throttle: None,
        expires_at: None,
    };
    let minted =
        service.create_key(&operator_request(log), create).await.context("cannot record an operator key")?;
    minted.secret.context("the log knew this operator key already")
}

/// Writes an operator's key into a directory, for its owner alone (0600), and answers with the file. A file that is
/// there is never written over.
///
/// # Errors
/// Where there is one already, or the file system refuses.
pub(crate) fn write_operator_key(directory: &Path, secret: &PlaintextSecret) -> anyhow::Result<PathBuf> {
    let path = directory.join(OPERATOR_KEY);
    match write_new(&path, secret) {
        Ok(()) => Ok(path),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            bail!("{} exists already: move it to a secret store first", path.display())
        }
        Err(error) => Err(error).with_context(|| format!("cannot write {}", path.display())),
    }
}

fn write_new(path: &Path, secret: &PlaintextSecret) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(secret.expose().as_bytes())?;
    file.write_all(b"\n")?;
    file.sync_all()?;
    if let Some(directory) = path.parent() {
        File::open(directory)?.sync_all()?;
    }
    Ok(())
}
