//! Logs that no release of ours would have written: copied together, or written by a newer one.

use keyledger_command_service::ports::Keyring;
use keyledger_domain::{
    Actor, KeyId, KeyName, Prefix, Throttle, Timestamp,
    actor::ActorKind,
    envelope::{Draft, Private, Purpose, Stream, seal},
    event::{Body, KeyCreated, KeyEvent},
};
use keyledger_event_log::{Append, EventLog, Lane, NewEvent, Revision, StreamName};
use serde_json::json;
use uuid::Uuid;

use crate::{
    projection::TestKeyring,
    world::{Call, World, partner, scopes},
};

/// Records an event as whoever holds the keyring can; `newer` makes it of a type that this release does not know.
async fn record(world: &World, stream: Stream, revision: u64, body: Body, newer: bool) {
    let keys = TestKeyring.mac_keys();
    let id = Uuid::from_u128(u128::from(world.events().await) << 64);
    let draft = Draft {
        id,
        log: world.log.identity().log,
        epoch: 1,
        stream,
        revision,
        occurred_at: Timestamp::from_millis(1_900_000_000_000),
        actor: Actor { kind: ActorKind::Keyring, id: "somebody".to_owned() },
        request_id: String::new(),
        body,
        private: Private { nonce: [0; 16], verifier: None, request_digest: None },
    };
    let mut sealed = seal(&draft, &keys).expect("a readable event");
    if newer {
        let public = String::from_utf8(sealed.public).expect("JSON");
        sealed.public = public.replace("\"schemaVersion\":1", "\"schemaVersion\":99").into_bytes();
        sealed.mac = keys.sign(Purpose::Event, &[&sealed.public]);
    }
    let (public, private, mac) = (sealed.public, sealed.private, sealed.mac);
    let events = vec![NewEvent { id, revision: Revision::new(revision), public, private, mac }];
    let stream = StreamName::new(stream.to_string());
    world
        .log
        .append(Append { stream, events, claims: Vec::new(), lane: Lane::Ordinary })
        .await
        .expect("it is taken");
}

fn created(prefix: &str) -> Body {
    Body::Key(KeyEvent::Created(KeyCreated {
        partner_id: partner("other"),
        name: KeyName::parse("copied").expect("a name"),
        prefix: Prefix::parse(prefix.as_bytes()).expect("a prefix"),
        scopes: scopes(&["client:read"]),
        throttle: Throttle::DEFAULT,
        expires_at: None,
    }))
}

#[actix_web::test]
async fn a_prefix_of_two_keys_revokes_neither_and_lists_both() {
    let world = World::new().await;
    let (key_id, secret) = world.create("acme", &["client:read"]).await;
    record(&world, Stream::Key(KeyId(Uuid::from_u128(7))), 0, created(&secret[..8]), false).await;
    let recorded = world.events().await;
    let call = Call::post("/v1/revocations", json!({"prefix": secret[..8], "reason": "leaked"}));
    let answer = world.operate(call).await;
    assert_eq!(answer.told(), (409, "ambiguous-prefix".into()));
    let matches = answer.json()["matches"].as_array().expect("matches").clone();
    let mut ids: Vec<_> =
        matches.iter().map(|key| key["keyId"].as_str().expect("an id").to_owned()).collect();
    ids.sort();
    assert_eq!(ids, [Uuid::from_u128(7).to_string(), key_id]);
    assert_eq!(world.events().await, recorded);
}

#[actix_web::test]
async fn a_key_with_an_event_of_a_newer_release_can_be_shown_and_revoked_and_nothing_else() {
    let world = World::new().await;
    let (key_id, _) = world.create("acme", &["client:read"]).await;
    let operator = world.known_operator();
    let stream = Stream::Key(KeyId(key_id.parse().expect("an id")));
    record(&world, stream, 1, created("abcdefgh"), true).await;
    let path = format!("/v1/partners/acme/keys/{key_id}");
    let shown = world.send_as(operator, Call::get(&path)).await;
    assert_eq!((shown.status.as_u16(), &shown.json()["unreadable"]), (200, &json!(true)));
    let refused = (409, "key-unreadable".to_owned());
    assert_eq!(world.send_as(operator, Call::patch(&path, json!({"name": "b"}))).await.told(), refused);
    let regenerate = Call::post(format!("{path}/regenerate"), json!({}));
    assert_eq!(world.send_as(operator, regenerate).await.told(), refused);
    let history = world.send_as(operator, Call::get(format!("{path}/history"))).await;
    assert_eq!(history.json()["events"][1]["event"]["schemaVersion"], 99);
    let revoked = world.send_as(operator, Call::post(format!("{path}/revoke"), json!({}))).await;
    assert_eq!((revoked.status.as_u16(), &revoked.json()["status"]), (200, &json!("REVOKED")));
}

#[actix_web::test]
async fn a_catalogue_of_a_newer_release_stops_what_needs_it_and_no_revocation() {
    let world = World::new().await;
    let (key_id, _) = world.create("acme", &["client:read"]).await;
    let operator = world.known_operator();
    record(&world, Stream::Catalogue, 1, created("abcdefgh"), true).await;
    let path = format!("/v1/partners/acme/keys/{key_id}");
    let create = Call::post("/v1/partners/acme/keys", json!({"name": "a", "scopes": ["client:read"]}));
    for call in [create, Call::get("/v1/scopes"), Call::patch(&path, json!({"scopes": ["user:read"]}))] {
        assert_eq!(world.send_as(operator, call).await.told(), (500, "log-damaged".into()));
    }
    for call in [
        Call::get(&path),
        Call::patch(&path, json!({"name": "b"})),
        Call::post(format!("{path}/regenerate"), json!({})),
        Call::post(format!("{path}/end-overlap"), json!({})),
        Call::post(format!("{path}/revoke"), json!({})),
    ] {
        assert_eq!(world.send_as(operator, call.clone()).await.status, 200, "{call:?}");
    }
}

#[actix_web::test]
async fn a_key_whose_stream_was_tampered_with_is_neither_shown_nor_changed() {
    let world = World::new().await;
    let operator = world.known_operator();
    let forged = NewEvent {
        id: Uuid::from_u128(7),
        revision: Revision::FIRST,
        public: b"{}".to_vec(),
        private: Vec::new(),
        mac: vec![0; 36],
    };
    let key_id = Uuid::from_u128(7);
    let stream = StreamName::new(format!("key-{key_id}"));
    let append = Append { stream, events: vec![forged], claims: Vec::new(), lane: Lane::Ordinary };
    world.log.append(append).await.expect("the log does not judge");
    let path = format!("/v1/partners/acme/keys/{key_id}");
    for call in [Call::get(&path), Call::post(format!("{path}/revoke"), json!({}))] {
        assert_eq!(world.send_as(operator, call).await.told(), (500, "log-damaged".into()));
    }
    let events = world.send_as(operator, Call::get("/v1/events")).await;
    assert!(events.body.is_empty(), "the answer breaks off, so that nobody takes it for whole");
}
