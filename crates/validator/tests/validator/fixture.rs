//! A small registry: mints secrets, makes events, and tells an index of them.

use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicI64, AtomicU64, Ordering::SeqCst},
    },
    time::Duration,
};

use actix_web::{
    App,
    body::to_bytes,
    http::Method,
    test::{TestRequest, call_service, init_service},
};
use keyledger_domain::{
    Actor, Catalogue, Clock, KeyId, KeyName, PartnerId, Prefix, Scope, Scopes, Throttle, Timestamp,
    actor::ActorKind,
    envelope::{Event, PepperId, Private, Stream, Verifier},
    event::{
        Body, KeyCreated, KeyEvent, KeyRegenerated, KeyRevoked, ScopeCatalogueChanged, SupersededSecret,
        Unreadable,
    },
};
use keyledger_event_log::{LogIdentity, Position};
use keyledger_secret::{Marker, Pepper, PlaintextSecret, Randomness};
use keyledger_validator::{
    ApplyError, Bounds, Clocks, Config, Demand, KeyIndex, Monotonic, Settings, Validator, configure,
};
use uuid::Uuid;

pub(crate) const PEPPER: PepperId = PepperId(7);

/// The moment at which every test begins.
pub(crate) const NOW: i64 = 1_800_000_000_000;

/// Clocks that a test turns by hand.
pub(crate) struct Hands {
    calendar: AtomicI64,
    stopwatch: AtomicU64,
}

impl Hands {
    pub(crate) fn pass(&self, time: Duration) {
        self.calendar.fetch_add(time.as_millis().try_into().expect("a short time"), SeqCst);
        self.stopwatch.fetch_add(time.as_nanos().try_into().expect("a short time"), SeqCst);
    }
}

impl Clock for Hands {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.calendar.load(SeqCst))
    }
}

impl Monotonic for Hands {
    fn nanos(&self) -> u64 {
        self.stopwatch.load(SeqCst)
    }
}

/// Bytes that differ with each call and are the same in each run.
#[derive(Default)]
struct Sequence(AtomicU64);

impl Randomness for Sequence {
    fn fill(&self, bytes: &mut [u8]) {
        let mut hasher = blake3::Hasher::new();
        hasher.update(&self.0.fetch_add(1, SeqCst).to_be_bytes());
        hasher.finalize_xof().fill(bytes);
    }
}

/// A key of the registry, and its newest secret.
#[derive(Clone, Copy)]
pub(crate) struct TestKey {
    pub(crate) id: KeyId,
    pub(crate) secret: TestSecret,
}

/// A secret in plain text; this is a test.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct TestSecret(pub(crate) [u8; 51]);

impl TestSecret {
    pub(crate) fn prefix(&self) -> Prefix {
        Prefix::parse(&self.0[..8]).expect("a secret begins with a prefix")
    }

    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.0).expect("a secret is ASCII")
    }
}

/// One recorded event, as the projector would hand it over.
#[derive(Clone)]
pub(crate) struct Recorded {
    pub(crate) position: Position,
    pub(crate) event: Event,
}

pub(crate) struct World {
    pub(crate) hands: Arc<Hands>,
    pub(crate) config: Config,
    pub(crate) index: Arc<KeyIndex>,
    pub(crate) log: Vec<Recorded>,
    pepper_id: PepperId,
    revisions: HashMap<Stream, u64>,
    randomness: Sequence,
    keys: u128,
}

pub(crate) fn pepper(id: PepperId) -> Pepper {
    Pepper::new(*blake3::hash(&id.0.to_be_bytes()).as_bytes())
}

pub(crate) fn partner(name: &str) -> PartnerId {
    PartnerId::parse(name).expect("a partner")
}

pub(crate) fn scopes(names: &[&str]) -> Scopes {
    Scopes::new(names.iter().map(|name| Scope::parse(name).expect("a scope"))).expect("scopes")
}

pub(crate) fn at(seconds: u32) -> Timestamp {
    Timestamp::from_millis(NOW).plus_seconds(seconds)
}

pub(crate) fn superseded(secret: TestSecret, seconds: u32) -> SupersededSecret {
    SupersededSecret { prefix: secret.prefix(), valid_until: at(seconds) }
}

pub(crate) fn mac(position: Position) -> Vec<u8> {
    blake3::hash(&position.get().to_be_bytes()).as_bytes().to_vec()
}

impl World {
    /// A registry with the built-in catalogue, whose index has caught up.
    pub(crate) fn new() -> Self {
        let mut world = Self::empty();
        world.catalogue(Catalogue::builtin());
        world.index.heard(0);
        world
    }

    /// A registry of which nothing is known yet.
    pub(crate) fn empty() -> Self {
        let hands = Arc::new(Hands { calendar: AtomicI64::new(NOW), stopwatch: AtomicU64::new(0) });
        let config = Config {
            log: LogIdentity { log: Uuid::from_u128(1), epoch: 1 },
            marker: Marker::DEFAULT,
            bounds: Bounds::default(),
            clocks: Clocks { wall: hands.clone(), monotonic: hands.clone() },
        };
        let index = Arc::new(KeyIndex::new(config.clone()));
        index.set_peppers(vec![(PEPPER, pepper(PEPPER))]);
        Self {
            hands,
            config,
            index,
            log: Vec::new(),
            pepper_id: PEPPER,
            revisions: HashMap::new(),
            randomness: Sequence::default(),
            keys: 0,
        }
    }

    /// The log is silent from now on, for so long.
    pub(crate) fn silence(&self, time: Duration) {
        self.hands.pass(time);
    }

    /// Time goes by, and the log is heard.
    pub(crate) fn pass(&self, time: Duration) {
        self.hands.pass(time);
        self.index.heard(self.hands.nanos());
    }

    /// New secrets are made with this pepper from now on.
    pub(crate) fn use_pepper(&mut self, id: PepperId) {
        self.pepper_id = id;
    }

    pub(crate) fn mint(&self) -> TestSecret {
        let secret = PlaintextSecret::mint(Marker::DEFAULT, &self.randomness);
        TestSecret(secret.expose().as_bytes().try_into().expect("51 characters"))
    }

    /// A well-formed secret with the prefix of another.
    pub(crate) fn impostor(&self, of: TestSecret) -> TestSecret {
        let mut bytes = self.mint().0;
        bytes[..8].copy_from_slice(&of.0[..8]);
        // Only the checksum has to be found again: CRC-32 in base62, as any client could.
        let mut rest = crc32(&bytes[..45]);
        for digit in bytes[45..].iter_mut().rev() {
            *digit = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"[(rest % 62) as usize];
            rest /= 62;
        }
        TestSecret(bytes)
    }

    pub(crate) fn new_key_id(&mut self) -> KeyId {
        self.keys += 1;
        KeyId(Uuid::from_u128(self.keys << 64))
    }

    /// What the log holds next.
    pub(crate) fn record(&mut self, stream: Stream, body: Body, secret: Option<TestSecret>) -> Recorded {
        let revision = self.revisions.get(&stream).map_or(0, |last| last + 1);
        self.revisions.insert(stream, revision);
        let verifier = secret.map(|secret| {
            let secret = PlaintextSecret::parse(Marker::DEFAULT, &secret.0).expect("well formed");
            Verifier { pepper_id: self.pepper_id, digest: pepper(self.pepper_id).digest(&secret).to_bytes() }
        });
        let position = Position::new(self.log.len() as u64 + 1);
        let event = Event {
            id: Uuid::from_u128(position.get().into()),
            epoch: 1,
            stream,
            revision,
            occurred_at: self.hands.now(),
            actor: Actor { kind: ActorKind::Keyring, id: "test".to_owned() },
            request_id: "test".to_owned(),
            schema_version: 1,
            body,
            private: Some(Private { nonce: [0; 16], verifier, request_digest: None }),
        };
        let recorded = Recorded { position, event };
        self.log.push(recorded.clone());
        recorded
    }

    /// Records and applies.
    pub(crate) fn happen(&mut self, stream: Stream, body: Body, secret: Option<TestSecret>) {
        let recorded = self.record(stream, body, secret);
        apply(&self.index, &recorded).expect("events follow each other");
    }

    pub(crate) fn on_key(&mut self, key: KeyId, event: KeyEvent) {
        self.happen(Stream::Key(key), Body::Key(event), None);
    }

    pub(crate) fn catalogue(&mut self, catalogue: Catalogue) {
        self.happen(Stream::Catalogue, Body::Catalogue(ScopeCatalogueChanged { catalogue }), None);
    }

    /// A key of `acme` with the default throttle and `client:read`.
    pub(crate) fn key(&mut self) -> TestKey {
        self.key_of("acme", &["client:read"])
    }

    pub(crate) fn key_of(&mut self, owner: &str, names: &[&str]) -> TestKey {
        self.create(created(owner, names))
    }

    /// A key as described, but for the prefix, which is that of its secret.
    pub(crate) fn create(&mut self, created: KeyCreated) -> TestKey {
        let (id, secret) = (self.new_key_id(), self.mint());
        let event = KeyEvent::Created(KeyCreated { prefix: secret.prefix(), ..created });
        self.happen(Stream::Key(id), Body::Key(event), Some(secret));
        TestKey { id, secret }
    }

    /// A new secret, after which of the older ones only `superseded` work.
    pub(crate) fn regenerate(&mut self, key: TestKey, superseded_secrets: Vec<SupersededSecret>) -> TestKey {
        let secret = self.mint();
        let event =
            KeyRegenerated { partner_id: partner("acme"), prefix: secret.prefix(), superseded_secrets };
        self.happen(Stream::Key(key.id), Body::Key(KeyEvent::Regenerated(event)), Some(secret));
        TestKey { secret, ..key }
    }

    pub(crate) fn revoke(&mut self, key: TestKey) {
        self.on_key(key.id, revoked());
    }

    /// Judges as a code, or none where that cannot be known.
    pub(crate) fn code(&self, secret: TestSecret, demand: &impl Demand) -> Option<String> {
        let verdict = self.index.authenticate(&secret.0, demand, 0).ok()?;
        Some(verdict.code.as_str().to_owned())
    }
}

fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| (crc >> 1) ^ (0xedb8_8320 & (crc & 1).wrapping_neg()))
    })
}

pub(crate) fn created(owner: &str, names: &[&str]) -> KeyCreated {
    KeyCreated {
        partner_id: partner(owner),
        name: KeyName::parse("Test").expect("a name"),
        prefix: Prefix::parse(b"Unused00").expect("a prefix"),
        scopes: scopes(names),
        throttle: Throttle::DEFAULT,
        expires_at: None,
    }
}

pub(crate) fn revoked() -> KeyEvent {
    KeyEvent::Revoked(KeyRevoked { partner_id: partner("acme"), reason: None })
}

pub(crate) fn unreadable() -> Body {
    let why = "a later release wrote it".to_owned();
    Body::Unreadable(Unreadable { event_type: "KeyPaused".to_owned(), schema_version: 1, why })
}

pub(crate) fn apply(index: &KeyIndex, recorded: &Recorded) -> Result<(), ApplyError> {
    index.apply(recorded.position, &mac(recorded.position), &recorded.event)
}

/// An answer as a client sees it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    /// Sorted by name.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(header, _)| header == name).map(|(_, value)| value.as_str())
    }
}

/// The answer that has only a content type, but for what `more` adds.
pub(crate) fn plain(status: u16, more: &[(&str, &str)], body: &str) -> Answer {
    let mut headers = vec![("content-type".to_owned(), "application/json".to_owned())];
    headers.extend(more.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
    headers.sort();
    Answer { status, headers, body: body.to_owned() }
}

/// Asks the whole API in process.
pub(crate) async fn ask(validator: &Arc<Validator>, request: TestRequest) -> Answer {
    let service = init_service(App::new().configure(configure(validator.clone()))).await;
    let response = call_service(&service, request.to_request()).await;
    let status = response.status().as_u16();
    let mut headers: Vec<_> = response
        .headers()
        .iter()
        .map(|(name, value)| (name.to_string(), value.to_str().expect("text").to_owned()))
        .collect();
    headers.sort();
    let body = to_bytes(response.into_body()).await.expect("a body");
    Answer { status, headers, body: String::from_utf8(body.to_vec()).expect("text") }
}

pub(crate) fn validator(world: &World) -> Arc<Validator> {
    Arc::new(Validator::new(world.index.clone(), Settings::default()))
}

/// A request with this value of `x-api-key`.
pub(crate) fn with_key(path: &str, key: &[u8]) -> TestRequest {
    let value = actix_web::http::header::HeaderValue::from_bytes(key).expect("a header value");
    TestRequest::with_uri(path).method(Method::GET).insert_header(("x-api-key", value))
}
