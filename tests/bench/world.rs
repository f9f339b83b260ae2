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

/// When the first key was created; the others follow, a millisecond each.
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
        let directory = home.join(format!("{keys}-keys"));
        let operator_key = init(&directory)?;
        let keyring = Keyring::read(&directory.join("keyring"))?;
        let log = SqliteLog::open(directory.join("log.db"))?;
        let mut world = Self {
            directory,
            identity: log.identity(),
            keyring,
            operator_key,
            secrets: Vec::with_capacity(keys),
        };
        let drawn = Drawn(Mutex::new(blake3::Hasher::new().finalize_xof()));
        world.secrets.extend((0..keys).map(|_| sent(&PlaintextSecret::mint(Marker::DEFAULT, &drawn))));
        let appends = (0..keys).map(|number| log.append(world.creation(number, &drawn)));
        let recorded = stream::iter(appends).buffer_unordered(AT_ONCE).try_for_each(|_| async { Ok(()) });
        Runtime::new()?.block_on(recorded)?;
        Ok(world)
    }

    pub(crate) fn keys(&self) -> usize {
        self.secrets.len()
    }

    pub(crate) fn log(&self) -> PathBuf {
        self.directory.join("log.db")
    }

    /// The event by which a key came to be, as the command service would record it.
    fn creation(&self, number: usize, drawn: &Drawn) -> Append {
        let offset = i64::try_from(number).expect("a number of keys");
        let occurred_at = Timestamp::from_millis(FIRST + offset);
        let key_id = KeyId(uuid_v7(occurred_at, drawn.bytes()));
        let secret = parsed(&self.secrets[number]);
        let prefix = Prefix::parse(&secret.prefix()).expect("a secret begins with a prefix");
        let partner = if number.is_multiple_of(10) { 0 } else { 1 + number % 900 };
        let created = KeyCreated {
            partner_id: PartnerId::parse(&format!("partner-{partner}")).expect("a partner"),
            name: KeyName::parse(&format!("Key {number} of a benchmark")).expect("a name"),
            prefix,
            scopes: scopes(),
            // More than the default, so that no key drawn often is refused.
            throttle: Throttle::new(10_000, 10_000).expect("a throttle"),
            expires_at: None,
        };
        let verifier = Verifier {
            pepper_id: self.keyring.pepper_id,
            digest: self.keyring.pepper.digest(&secret).to_bytes(),
        };
        let draft = Draft {
            id: uuid_v7(occurred_at, drawn.bytes()),
            log: self.identity.log,
            epoch: self.identity.epoch,
            stream: Stream::Key(key_id),
            revision: 0,
            occurred_at,
            actor: Actor { kind: ActorKind::Keyring, id: self.identity.log.to_string() },
            request_id: key_id.to_string(),
            body: Body::Key(KeyEvent::Created(created)),
            private: Private { nonce: drawn.bytes(), verifier: Some(verifier), request_digest: None },
        };
        let sealed = seal(&draft, &self.keyring.macs).expect("an event that can be written");
        let event = NewEvent {
            id: draft.id,
            revision: Revision::FIRST,
            public: sealed.public,
            private: sealed.private,
            mac: sealed.mac,
        };
        Append {
            stream: StreamName::new(draft.stream.to_string()),
            events: vec![event],
            claims: vec![Claim::new(format!("prefix-{prefix}"))],
            lane: Lane::Ordinary,
        }
    }
}

/// A secret of a world, ready to be digested.
pub(crate) fn parsed(secret: &Sent) -> PlaintextSecret {
    PlaintextSecret::parse(Marker::DEFAULT, secret).expect("the worlds mint well-formed secrets")
}

fn sent(secret: &PlaintextSecret) -> Sent {
    secret.expose().as_bytes().try_into().expect("a secret has 51 characters")
}

fn scopes() -> Scopes {
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
struct Drawn(Mutex<blake3::OutputReader>);

impl Drawn {
    fn bytes<const N: usize>(&self) -> [u8; N] {
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
