//! A registry with many keys: a data directory that `keyledger init` made, whose log was then filled through the crates,
//! because a million commands one by one would take longer than everything that is measured.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;

use anyhow::{Context as _, ensure};
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use keyledger_domain::actor::{Actor, ActorKind};
use keyledger_domain::envelope::{Draft, Private, Stream, Verifier, seal, uuid_v7};
use keyledger_domain::event::{Body, KeyCreated, KeyEvent};
use keyledger_domain::{KeyId, KeyName, PartnerId, Prefix, Scope, Scopes, Throttle, Timestamp};
use keyledger_event_log::{Append, Claim, EventLog as _, Lane, LogIdentity, NewEvent, Revision, StreamName};
use keyledger_event_log_sqlite::SqliteLog;
use keyledger_secret::{Marker, PlaintextSecret, Randomness};
use serde_json::Value;
use tokio::runtime::Runtime;

use crate::keyring::Keyring;
use crate::process;

/// A secret as it is sent.
pub(crate) type Sent = [u8; PlaintextSecret::LENGTH];

/// The scope that every key has and every request asks for.
pub(crate) const SCOPE: &str = "conversation:read";

/// The partner that has a tenth of the keys; 900 others share the rest.
pub(crate) const LARGEST_PARTNER: &str = "partner-0";

/// When the first event happened; the others follow, a millisecond each.
const FIRST: i64 = 1_750_000_000_000;

/// Appends that wait together, so that the log makes its largest groups of them.
const AT_ONCE: usize = 1_000;

/// A registry that is not running.
pub(crate) struct World {
    pub(crate) directory: PathBuf,
    pub(crate) identity: LogIdentity,
    pub(crate) keyring: Keyring,
    pub(crate) operator_key: String,
    pub(crate) secrets: Vec<Sent>,
}

impl World {
    /// Makes one in a new directory of `home`.
    pub(crate) fn make(home: &Path, keys: usize) -> anyhow::Result<Self> {
        let mut world = Self::without_keys(home.join(format!("{keys}-keys")))?;
        let log = SqliteLog::open(world.log())?;
        let drawn = Drawn::new();
        world.secrets.reserve(keys);
        world.secrets.extend((0..keys).map(|_| drawn.secret()));
        let creations = (0..keys).map(|number| world.creation(number, moment(number), &drawn).1);
        Runtime::new()?.block_on(record(&log, creations))?;
        Ok(world)
    }

    /// What `keyledger init` makes.
    pub(crate) fn without_keys(directory: PathBuf) -> anyhow::Result<Self> {
        let operator_key = init(&directory)?;
        let keyring = Keyring::read(&directory.join("keyring"))?;
        let identity = SqliteLog::open_read_only(directory.join("log.db"))?.identity();
        Ok(Self { directory, identity, keyring, operator_key, secrets: Vec::new() })
    }

    pub(crate) fn keys(&self) -> usize {
        self.secrets.len()
    }

    pub(crate) fn log(&self) -> PathBuf {
        self.directory.join("log.db")
    }

    /// The event by which the key of a secret came to be, as the command service would record it.
    pub(crate) fn creation(&self, number: usize, occurred_at: Timestamp, drawn: &Drawn) -> (KeyId, Append) {
        let key_id = KeyId(uuid_v7(occurred_at, drawn.bytes()));
        let secret = parsed(&self.secrets[number]);
        let created = KeyCreated {
            partner_id: partner(number),
            name: KeyName::parse(&format!("Key {number} of a benchmark")).expect("a name"),
            prefix: prefix(&secret),
            scopes: scopes(),
            // More than the default, so that no key drawn often is refused.
            throttle: Throttle::new(10_000, 10_000).expect("a throttle"),
            expires_at: None,
        };
        let place = Place { key_id, revision: 0, occurred_at };
        (key_id, self.append(place, KeyEvent::Created(created), Some(&secret), drawn))
    }

    /// An event of a key, and the claim that comes with a new secret.
    pub(crate) fn append(
        &self,
        place: Place,
        event: KeyEvent,
        secret: Option<&PlaintextSecret>,
        drawn: &Drawn,
    ) -> Append {
        let Place { key_id, revision, occurred_at } = place;
        let digest = |secret| self.keyring.pepper.digest(secret).to_bytes();
        let verifier =
            secret.map(|secret| Verifier { pepper_id: self.keyring.pepper_id, digest: digest(secret) });
        let draft = Draft {
            id: uuid_v7(occurred_at, drawn.bytes()),
            log: self.identity.log,
            epoch: self.identity.epoch,
            stream: Stream::Key(key_id),
            revision,
            occurred_at,
            actor: Actor { kind: ActorKind::Keyring, id: self.identity.log.to_string() },
            request_id: key_id.to_string(),
            body: Body::Key(event),
            private: Private { nonce: drawn.bytes(), verifier, request_digest: None },
        };
        let sealed = seal(&draft, &self.keyring.macs).expect("an event that can be written");
        let event = NewEvent {
            id: draft.id,
            revision: Revision::new(revision),
            public: sealed.public,
            private: sealed.private,
            mac: sealed.mac,
        };
        Append {
            stream: StreamName::new(draft.stream.to_string()),
            events: vec![event],
            claims: secret
                .map(|secret| Claim::new(format!("prefix-{}", prefix(secret))))
                .into_iter()
                .collect(),
            lane: Lane::Ordinary,
        }
    }
}

/// Where an event of a key stands.
pub(crate) struct Place {
    pub(crate) key_id: KeyId,
    pub(crate) revision: u64,
    pub(crate) occurred_at: Timestamp,
}

/// Appends to a log, many at a time.
pub(crate) async fn record(log: &SqliteLog, appends: impl Iterator<Item = Append>) -> anyhow::Result<()> {
    let appends = stream::iter(appends.map(|append| log.append(append)));
    Ok(appends.buffer_unordered(AT_ONCE).try_for_each(|_| async { Ok(()) }).await?)
}

/// A secret of a world, ready to be digested.
pub(crate) fn parsed(secret: &Sent) -> PlaintextSecret {
    PlaintextSecret::parse(Marker::DEFAULT, secret).expect("the worlds mint well-formed secrets")
}

fn sent(secret: &PlaintextSecret) -> Sent {
    secret.expose().as_bytes().try_into().expect("a secret has 51 characters")
}

/// When the event of that number happened.
pub(crate) fn moment(number: usize) -> Timestamp {
    Timestamp::from_millis(FIRST + i64::try_from(number).expect("a number of events"))
}

/// Whose key that is.
pub(crate) fn partner(number: usize) -> PartnerId {
    let partner = if number.is_multiple_of(10) { 0 } else { 1 + number % 900 };
    PartnerId::parse(&format!("partner-{partner}")).expect("a partner")
}

pub(crate) fn prefix(secret: &PlaintextSecret) -> Prefix {
    Prefix::parse(&secret.prefix()).expect("a secret begins with a prefix")
}

pub(crate) fn scopes() -> Scopes {
    let scopes = [SCOPE, "client:read"].map(|scope| Scope::parse(scope).expect("a scope"));
    Scopes::new(scopes).expect("two scopes")
}

/// Makes a registry, and tells its first operator key.
fn init(directory: &Path) -> anyhow::Result<String> {
    let mut command = Command::new(process::keyledger()?);
    let output = command.args(["init", "--json", "--data-dir"]).arg(directory).output()?;
    ensure!(output.status.success(), "no registry was made: {}", String::from_utf8_lossy(&output.stderr));
    let answer: Value = serde_json::from_slice(&output.stdout)?;
    Ok(answer["operatorKey"].as_str().context("init tells the operator key")?.to_owned())
}

/// The same bytes in every run: nothing here is secret.
pub(crate) struct Drawn(Mutex<blake3::OutputReader>);

impl Drawn {
    pub(crate) fn new() -> Self {
        Self(Mutex::new(blake3::Hasher::new().finalize_xof()))
    }

    pub(crate) fn secret(&self) -> Sent {
        sent(&PlaintextSecret::mint(Marker::DEFAULT, self))
    }

    pub(crate) fn bytes<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        self.fill(&mut bytes);
        bytes
    }
}

impl Randomness for Drawn {
    fn fill(&self, bytes: &mut [u8]) {
        self.0.lock().expect("nobody panicked with it").fill(bytes);
    }
}
