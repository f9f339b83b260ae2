//! A registry with one operator, and whatever a test makes of it.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering},
    },
    time::Duration,
};

use actix_web::{
    App,
    body::to_bytes,
    http::{Method, StatusCode, header::HeaderMap},
    test::{self, TestRequest},
};
use keyledger_command_service::{
    ChangeCatalogue, CommandService, CreateKey, Offline, Parts, Request, Revisions,
    ports::{Gatekeeper, Principal, Transparency, Unidentified},
    routes,
    validators::Validators,
};
use keyledger_domain::{
    Actor, Authority, Catalogue, Clock, KeyId, KeyName, PartnerId, Prefix, Scope, Scopes, Timestamp,
    actor::ActorKind,
};
use keyledger_event_log::{EventLog, LogIdentity};
use keyledger_secret::{Marker, Randomness};
use serde_json::Value;
use uuid::Uuid;

use crate::{
    projection::{Projection, TestKeyring},
    troubled_log::TroubledLog,
};

/// A clock that a test sets.
pub(crate) struct TestClock(AtomicI64);

impl TestClock {
    pub(crate) fn advance_seconds(&self, seconds: i64) {
        self.0.fetch_add(seconds * 1_000, Ordering::Relaxed);
    }
}

impl Clock for TestClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.0.load(Ordering::Relaxed))
    }
}

/// Bytes that look random, and are the same in each run.
#[derive(Default)]
pub(crate) struct TestRandomness(AtomicU64);

impl TestRandomness {
    /// Where in its sequence it is.
    pub(crate) fn place(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }

    /// Goes back, so that the same bytes come again.
    pub(crate) fn go_back(&self, place: u64) {
        self.0.store(place, Ordering::Relaxed);
    }
}

impl Randomness for TestRandomness {
    fn fill(&self, bytes: &mut [u8]) {
        for byte in bytes {
            // SplitMix64, by Steele, Lea and Flood.
            let mut z = self.0.fetch_add(0x9e37_79b9_7f4a_7c15, Ordering::Relaxed);
            z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            *byte = (z >> 56) as u8;
        }
    }
}

/// A registry in process.
pub(crate) struct World {
    pub(crate) log: Arc<TroubledLog>,
    pub(crate) clock: Arc<TestClock>,
    pub(crate) projection: Arc<Projection>,
    pub(crate) service: CommandService,
    pub(crate) operator: String,
    pub(crate) randomness: Arc<TestRandomness>,
}

/// What was answered.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).expect("a JSON answer")
    }

    #[track_caller]
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).unwrap_or_else(|| panic!("no {name}")).to_str().expect("a text")
    }

    /// The answer's status and, of a problem, its code.
    #[track_caller]
    pub(crate) fn told(&self) -> (u16, String) {
        (self.status.as_u16(), self.json()["code"].as_str().unwrap_or_default().to_owned())
    }

    /// The fields that a problem names, in alphabetical order.
    #[track_caller]
    pub(crate) fn faulty_fields(&self) -> Vec<String> {
        let errors = self.json()["errors"].as_array().cloned().unwrap_or_default();
        let mut fields: Vec<_> =
            errors.iter().map(|error| error["field"].as_str().expect("a name").to_owned()).collect();
        fields.sort();
        fields
    }
}

/// A request to be sent.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    pub(crate) method: Method,
    pub(crate) path: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Option<Vec<u8>>,
}

impl Call {
    pub(crate) fn new(method: Method, path: impl Into<String>) -> Self {
        Self { method, path: path.into(), headers: Vec::new(), body: None }
    }
    pub(crate) fn get(path: impl Into<String>) -> Self {
        Self::new(Method::GET, path)
    }
    pub(crate) fn post(path: impl Into<String>, body: Value) -> Self {
        Self::new(Method::POST, path).json(&body)
    }
    pub(crate) fn patch(path: impl Into<String>, body: Value) -> Self {
        Self::new(Method::PATCH, path).json(&body)
    }
    pub(crate) fn put(path: impl Into<String>, body: Value) -> Self {
        Self::new(Method::PUT, path).json(&body)
    }
    pub(crate) fn json(self, body: &Value) -> Self {
        self.header("content-type", "application/json").bytes(body.to_string().into_bytes())
    }
    pub(crate) fn bytes(self, body: Vec<u8>) -> Self {
        Self { body: Some(body), ..self }
    }
    pub(crate) fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }
    pub(crate) fn key(self, secret: &str) -> Self {
        self.header("x-api-key", secret)
    }
    pub(crate) fn idempotency_key(self, key: &str) -> Self {
        self.header("idempotency-key", key)
    }
}

/// An operator who is known whatever is asked.
#[derive(Clone, Copy)]
pub(crate) struct Known(KeyId, Prefix);

impl Gatekeeper for Known {
    fn identify(&self, _: &[u8]) -> Result<Principal, Unidentified> {
        Ok(Principal::key(self.0, self.1, Authority::operator()))
    }
    fn stands(&self, prefix: Prefix) -> bool {
        prefix == self.1
    }
}

/// A tree of which everything is there.
pub(crate) struct SomeTree;

#[async_trait::async_trait]
impl Transparency for SomeTree {
    async fn checkpoint(&self) -> Result<Option<Vec<u8>>, String> {
        Ok(Some(b"checkpoint".to_vec()))
    }
    async fn verifier_key(&self) -> Result<Option<Vec<u8>>, String> {
        Ok(Some(b"key".to_vec()))
    }
    async fn tile(&self, path: &str) -> Result<Option<Vec<u8>>, String> {
        Ok(path.ends_with("/000.p/2").then(|| path.as_bytes().to_vec()))
    }
}

pub(crate) fn partner(name: &str) -> PartnerId {
    PartnerId::parse(name).expect("a partner")
}

pub(crate) fn scopes(names: &[&str]) -> Scopes {
    Scopes::new(names.iter().map(|name| Scope::parse(name).expect("a scope"))).expect("scopes")
}

impl World {
    /// A registry with the built-in catalogue and one operator key.
    pub(crate) async fn new() -> Self {
        let identity = LogIdentity { log: Uuid::from_u128(0x10f), epoch: 1 };
        let log = Arc::new(TroubledLog::new(identity));
        let clock = Arc::new(TestClock(AtomicI64::new(1_800_000_000_000)));
        let projection = Arc::new(Projection {
            log: Arc::clone(&log),
            clock: Arc::clone(&clock),
            applies: AtomicBool::new(true),
            knows: AtomicBool::new(true),
            crowd: AtomicU64::default(),
        });
        let randomness = Arc::new(TestRandomness::default());
        let service = service(&log, &projection, &clock, &randomness);
        let mut world = Self { log, clock, projection, service, operator: String::new(), randomness };
        let catalogue = Catalogue::builtin();
        let change = ChangeCatalogue { catalogue, dry_run: false, revisions: Revisions::Any };
        world.service.change_catalogue(&world.initialising(), change).await.expect("the first catalogue");
        world.operator = world.mint("registry", &["registry:operate"]).await;
        world
    }

    /// Another process of the same registry.
    pub(crate) fn elsewhere(&self) -> Self {
        Self {
            log: Arc::clone(&self.log),
            clock: Arc::clone(&self.clock),
            projection: Arc::clone(&self.projection),
            service: service(&self.log, &self.projection, &self.clock, &self.randomness),
            operator: self.operator.clone(),
            randomness: Arc::clone(&self.randomness),
        }
    }

    /// The same registry after its process was restarted.
    pub(crate) fn restart(&mut self) {
        *self = self.elsewhere();
    }

    /// Whoever holds the keyring.
    pub(crate) fn initialising(&self) -> Request {
        let actor = Actor { kind: ActorKind::Keyring, id: self.log.identity().log.to_string() };
        Request {
            actor,
            authority: Authority::operator(),
            request_id: "initialising".to_owned(),
            idempotency: None,
        }
    }

    /// The secret of a new key of a partner.
    pub(crate) async fn mint(&self, partner_id: &str, holds: &[&str]) -> String {
        let create = CreateKey {
            partner_id: partner(partner_id),
            name: KeyName::parse("made for a test").expect("a name"),
            scopes: scopes(holds),
            throttle: None,
            expires_at: None,
        };
        let minted = self.service.create_key(&self.initialising(), create).await.expect("a key");
        minted.secret.expect("its secret").expose().to_owned()
    }

    /// The id of the key that a secret opens.
    pub(crate) fn key_id(&self, secret: &str) -> String {
        self.projection.opened_by(secret.as_bytes()).expect("a working key").key_id.to_string()
    }

    /// Creates a key as the operator; its id and its secret.
    pub(crate) async fn create(&self, partner_id: &str, holds: &[&str]) -> (String, String) {
        let secret = self.mint(partner_id, holds).await;
        (self.key_id(&secret), secret)
    }

    /// The operator as a gatekeeper of their own: for logs at which the folding one would stumble.
    pub(crate) fn known_operator(&self) -> Known {
        let key = self.projection.opened_by(self.operator.as_bytes()).expect("the operator's key");
        Known(key.key_id, key.prefix)
    }

    /// Sends a request as somebody who is known anyway.
    pub(crate) async fn send_as(&self, known: Known, call: Call) -> Answer {
        self.send_past(Arc::new(known), call.key("known anyway")).await
    }

    /// Sends a request.
    pub(crate) async fn send(&self, call: Call) -> Answer {
        self.send_past(Arc::clone(&self.projection) as _, call).await
    }

    async fn send_past(&self, gatekeeper: Arc<dyn Gatekeeper>, call: Call) -> Answer {
        let app = test::init_service(App::new().configure(routes::configure(
            self.service.clone(),
            gatekeeper,
            Arc::new(Offline),
            Arc::new(Offline),
            Arc::new(SomeTree),
        )))
        .await;
        let mut request = TestRequest::default().method(call.method).uri(&call.path);
        for (name, value) in &call.headers {
            request = request.append_header((name.as_str(), value.as_str()));
        }
        if let Some(body) = call.body {
            request = request.set_payload(body);
        }
        let answer = test::call_service(&app, request.to_request()).await;
        let (status, headers) = (answer.status(), answer.headers().clone());
        let body = to_bytes(answer.into_body()).await.map(|body| body.to_vec()).unwrap_or_default();
        Answer { status, headers, body }
    }

    /// Sends a request as the operator.
    pub(crate) async fn operate(&self, call: Call) -> Answer {
        self.send(call.key(&self.operator)).await
    }

    /// How many events the log holds.
    pub(crate) async fn events(&self) -> u64 {
        self.log.head().await.expect("memory does not fail").get()
    }
}

fn service(
    log: &Arc<TroubledLog>,
    projection: &Arc<Projection>,
    clock: &Arc<TestClock>,
    randomness: &Arc<TestRandomness>,
) -> CommandService {
    CommandService::new(Parts {
        log: Arc::clone(log) as Arc<dyn EventLog>,
        lists: Arc::clone(projection) as _,
        last_used: Arc::new(Offline),
        readers: Arc::clone(projection) as _,
        validators: Arc::new(Validators::new(Some("here"), false, Duration::from_secs(60))),
        keyring: Arc::new(TestKeyring),
        clock: Arc::clone(clock) as _,
        randomness: Arc::clone(randomness) as _,
        marker: Marker::DEFAULT,
    })
}
