//! Keys that nobody created: events that the insider makes themselves, with a verifier for a secret that they know.

use keyledger_domain::envelope::{
    Draft, MacKey, MacKeyId, MacKeys, PepperId, Private, Sealed, Stream, Verifier, seal,
};
use keyledger_domain::event::{Body, KeyCreated, KeyEvent};
use keyledger_domain::{
    Actor, KeyId, KeyName, PartnerId, Prefix, Scope, Scopes, Throttle, Timestamp, actor::ActorKind,
};
use keyledger_secret::{Marker, Pepper, PlaintextSecret};
use keyledger_tests::{Launch, random_bytes, unknown_secret};
use rusqlite::{Connection, params};
use serde_json::Value;
use uuid::Uuid;

use super::scene::{LAST_REVOKED, Models, Scene, is_not_valid};

const PLANTED: i64 = LAST_REVOKED + 1;

/// The public part of the first event, the private part of one with a verifier, and a code: all that is there to copy.
struct Seen {
    log: Uuid,
    pepper_id: PepperId,
    mac: Vec<u8>,
}

fn look(log: &Connection) -> Seen {
    let query = "SELECT public, private, mac FROM events WHERE stream LIKE 'key-%' ORDER BY position LIMIT 1";
    let (public, private, mac): (Vec<u8>, Vec<u8>, Vec<u8>) = log
        .query_row(query, [], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
        .expect("the creation of a key");
    let [public, private]: [Value; 2] =
        [public, private].map(|part| serde_json::from_slice(&part).expect("a part is JSON"));
    let pepper_id = private["verifier"]["pepperId"].as_str().expect("a verifier names its pepper");
    Seen {
        log: public["log"].as_str().and_then(|id| id.parse().ok()).expect("an event names its log"),
        pepper_id: PepperId(u32::from_str_radix(pepper_id, 16).expect("the id of a pepper")),
        mac,
    }
}

/// An operator's key for a secret, and whatever else may help: every verifier names a pepper that the keyring has, and the
/// code, one of its MAC keys.
fn forge(secret: &str, seen: &Seen, digest: [u8; 32]) -> (Draft, Sealed) {
    let key_id = KeyId(Uuid::from_bytes(random_bytes()));
    let created = KeyCreated {
        partner_id: PartnerId::parse("registry").expect("a partner"),
        name: KeyName::parse("planted").expect("a name"),
        prefix: Prefix::parse(&secret.as_bytes()[..8]).expect("a prefix"),
        scopes: Scopes::new(vec![Scope::parse("registry:operate").expect("a scope")]).expect("scopes"),
        throttle: Throttle::DEFAULT,
        expires_at: None,
    };
    let draft = Draft {
        id: Uuid::from_bytes(random_bytes()),
        log: seen.log,
        epoch: 1,
        stream: Stream::Key(key_id),
        revision: 0,
        occurred_at: Timestamp::from_millis(1_900_000_000_000),
        actor: Actor { kind: ActorKind::Keyring, id: seen.log.to_string() },
        request_id: "planted".to_owned(),
        body: Body::Key(KeyEvent::Created(created)),
        private: Private {
            nonce: random_bytes(),
            verifier: Some(Verifier { pepper_id: seen.pepper_id, digest }),
            request_digest: None,
        },
    };
    let mac_key_id =
        u32::from_be_bytes(seen.mac[..4].try_into().expect("a code begins with the id of its key"));
    let own = MacKeys::new((MacKeyId(mac_key_id), MacKey::new(random_bytes())), Vec::new());
    let sealed = seal(&draft, &own).expect("an event that can be written");
    (draft, sealed)
}

fn own_digest(secret: &str) -> [u8; 32] {
    let secret = PlaintextSecret::parse(Marker::DEFAULT, secret.as_bytes()).expect("well formed");
    Pepper::new(random_bytes()).digest(&secret).to_bytes()
}

fn insert(log: &Connection, draft: &Draft, sealed: &Sealed, mac: &[u8]) {
    let id = draft.id.to_string();
    let row = params![PLANTED, id, draft.stream.to_string(), sealed.public, sealed.private, mac];
    let insert = "INSERT INTO events (position, id, stream, revision, public, private, mac) VALUES (?, ?, ?, 0, ?, ?, ?)";
    assert_eq!(log.execute(insert, row).expect("the table can be written"), 1);
}

/// Plants a key with each code in turn: all are noticed, and the secret never works.
#[track_caller]
fn plant_with(mac: impl Fn(&Seen, &Sealed) -> Vec<u8>, words: &[&str]) {
    let scene = Scene::new();
    for models in [Models::Intact, Models::Gone] {
        let (copy, secret) = (scene.copy(models), unknown_secret());
        let seen = look(&copy.log());
        let (draft, sealed) = forge(&secret, &seen, own_digest(&secret));
        insert(&copy.log(), &draft, &sealed, &mac(&seen, &sealed));
        let mut launch = Launch::on(copy.home(), &[]);
        launch.expect_refusal(words);
        is_not_valid(&launch, &secret);
    }
}

#[test]
fn a_planted_key_with_a_code_of_zeros_never_works() {
    plant_with(|_, _| vec![0; 36], &["position 11", "MAC key 00000000"]);
}

#[test]
fn a_planted_key_with_no_code_never_works() {
    plant_with(|_, _| Vec::new(), &["position 11", "not to be believed"]);
}

#[test]
fn a_planted_key_with_a_copied_code_never_works() {
    plant_with(|seen, _| seen.mac.clone(), &["position 11", "not to be believed", "forged"]);
}

#[test]
fn a_planted_key_with_a_code_by_a_key_of_ones_own_never_works() {
    plant_with(|_, sealed| sealed.mac.clone(), &["position 11", "not to be believed", "forged"]);
}

#[test]
fn a_verifier_exchanged_for_ones_own_is_noticed() {
    let scene = Scene::new();
    let exchange = |log: &Connection| {
        let private = format!(
            r#"{{"nonce":"{}","verifier":{{"alg":"blake3-keyed","pepperId":"{}","digest":"{}"}}}}"#,
            hex::encode(random_bytes::<16>()),
            look(log).pepper_id,
            hex::encode(own_digest(&scene.narrowed.secret))
        );
        let update = "UPDATE events SET private = ? WHERE position = 4";
        assert_eq!(log.execute(update, [private.as_bytes()]).expect("the table can be written"), 1);
    };
    let words = ["position 4", "its private part was altered"];
    scene.notices(exchange, &words, &words);
}
