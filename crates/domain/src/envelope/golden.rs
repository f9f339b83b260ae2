//! The bytes of every event that was ever released, frozen in `events/samples`: files are added, never edited.
#![cfg(test)]

use std::{fs, path::PathBuf};

use uuid::Uuid;

use super::{
    Draft, Idempotency, MacKey, MacKeyId, MacKeys, OpenError, Parts, PepperId, Private, Purpose, Stream,
    Verifier, WrongMac, open, public::KEY_EVENTS, seal, uuid_v7,
};
use crate::{
    Actor, Catalogue, KeyId, KeyName, PartnerId, Prefix, Reason, Scope, Scopes, Throttle, Timestamp,
    actor::ActorKind,
    event::{
        Body, KeyCreated, KeyEvent, KeyExpirationChanged, KeyOverlapEnded, KeyRegenerated, KeyRenamed,
        KeyRevoked, KeyScopesChanged, KeyThrottleChanged, ScopeCatalogueChanged, SupersededSecret,
    },
};

const LOG: Uuid = Uuid::from_u128(0x018f_5a3c_7d10_7abc_8def_0123_4567_89ab);
const KEY: KeyId = KeyId(Uuid::from_u128(0x018f_5a3c_8000_7000_8000_0000_0000_0001));

fn keys() -> MacKeys {
    MacKeys::new((MacKeyId(2), MacKey::new([2; 32])), vec![(MacKeyId(1), MacKey::new([1; 32]))])
}

fn at(second: u32) -> Timestamp {
    Timestamp::from_millis(1_767_225_600_123).plus_seconds(second)
}

fn acme() -> PartnerId {
    PartnerId::parse("acme").expect("a partner")
}

fn prefix(text: &str) -> Prefix {
    Prefix::parse(text.as_bytes()).expect("a prefix")
}

fn scopes(names: &[&str]) -> Scopes {
    Scopes::new(names.iter().map(|name| Scope::parse(name).expect("a scope"))).expect("scopes")
}

/// What the samples of schema version 1 say, each with its file's name.
fn samples() -> Vec<(&'static str, Body)> {
    let partner_id = acme;
    let created = KeyCreated {
        partner_id: acme(),
        name: KeyName::parse("Billing \u{2013} \"Köln\"").expect("a name"),
        prefix: prefix("hT4kQ9xZ"),
        scopes: scopes(&["conversation:read", "client:read"]),
        throttle: Throttle::DEFAULT,
        expires_at: None,
    };
    let superseded = SupersededSecret { prefix: prefix("hT4kQ9xZ"), valid_until: at(86_400) };
    let regenerated = |superseded_secrets| KeyRegenerated {
        partner_id: acme(),
        prefix: prefix("bN2mR7wY"),
        superseded_secrets,
    };
    let reason = Reason::parse("seen in a public repository").expect("a reason");
    let throttle = Throttle::new(250, 1_000).expect("a throttle");
    let name = KeyName::parse("Reports").expect("a name");
    vec![
        ("KeyCreated.v1", Body::Key(KeyEvent::Created(created.clone()))),
        (
            "KeyCreated.v1.expiring",
            Body::Key(KeyEvent::Created(KeyCreated { expires_at: Some(at(60)), ..created })),
        ),
        ("KeyRegenerated.v1", Body::Key(KeyEvent::Regenerated(regenerated(vec![superseded])))),
        ("KeyRegenerated.v1.without-overlap", Body::Key(KeyEvent::Regenerated(regenerated(vec![])))),
        (
            "KeyRevoked.v1",
            Body::Key(KeyEvent::Revoked(KeyRevoked { partner_id: partner_id(), reason: Some(reason) })),
        ),
        (
            "KeyRevoked.v1.without-reason",
            Body::Key(KeyEvent::Revoked(KeyRevoked { partner_id: partner_id(), reason: None })),
        ),
        (
            "KeyOverlapEnded.v1",
            Body::Key(KeyEvent::OverlapEnded(KeyOverlapEnded { partner_id: partner_id() })),
        ),
        (
            "KeyScopesChanged.v1",
            Body::Key(KeyEvent::ScopesChanged(KeyScopesChanged {
                partner_id: partner_id(),
                scopes: scopes(&["user:write", "user:read"]),
            })),
        ),
        (
            "KeyThrottleChanged.v1",
            Body::Key(KeyEvent::ThrottleChanged(KeyThrottleChanged { partner_id: partner_id(), throttle })),
        ),
        ("KeyRenamed.v1", Body::Key(KeyEvent::Renamed(KeyRenamed { partner_id: partner_id(), name }))),
        (
            "KeyExpirationChanged.v1",
            Body::Key(KeyEvent::ExpirationChanged(KeyExpirationChanged {
                partner_id: partner_id(),
                expires_at: Some(at(3_600)),
            })),
        ),
        (
            "KeyExpirationChanged.v1.never",
            Body::Key(KeyEvent::ExpirationChanged(KeyExpirationChanged {
                partner_id: partner_id(),
                expires_at: None,
            })),
        ),
        (
            "ScopeCatalogueChanged.v1",
            Body::Catalogue(ScopeCatalogueChanged { catalogue: Catalogue::builtin() }),
        ),
    ]
}

fn draft(number: u32, body: Body) -> Draft {
    let makes_secret = matches!(body, Body::Key(KeyEvent::Created(_) | KeyEvent::Regenerated(_)));
    let verifier = Verifier { pepper_id: PepperId(0xc0ff_ee01), digest: [0xab; 32] };
    Draft {
        id: uuid_v7(at(number), [u8::try_from(number).expect("few samples"); 10]),
        log: LOG,
        epoch: 1,
        stream: if matches!(body, Body::Catalogue(_)) { Stream::Catalogue } else { Stream::Key(KEY) },
        revision: u64::from(number),
        occurred_at: at(number),
        actor: Actor { kind: ActorKind::Key, id: "018f5a3c-8000-7000-8000-00000000000f".to_owned() },
        request_id: "0f8fad5b-d9cb-469f-a165-70867728950e".to_owned(),
        body,
        private: Private {
            nonce: [7; 16],
            verifier: makes_secret.then_some(verifier),
            request_digest: makes_secret.then_some([0xcd; 32]),
        },
    }
}

fn samples_dir() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../events/samples")
}

/// What is frozen under this name. A sample that is not there yet is written, and the test fails once, so that
/// somebody looks at it before it is frozen.
fn frozen(name: &str, part: &str, today: &[u8]) -> Vec<u8> {
    let path = samples_dir().join(format!("{name}.{part}"));
    fs::read(&path).unwrap_or_else(|_| {
        fs::create_dir_all(samples_dir()).expect("a folder for samples");
        fs::write(&path, today).expect("a new sample");
        panic!("{} was missing and is written: look at it and commit it", path.display())
    })
}

#[test]
fn the_bytes_of_every_event_are_what_they_were_when_it_was_released() {
    for (number, (name, body)) in (0..).zip(samples()) {
        let sealed = seal(&draft(number, body), &keys()).expect("a sample can be written");
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).expect("text");
        assert_eq!(text(&sealed.public), text(&frozen(name, "public.json", &sealed.public)), "{name}");
        assert_eq!(text(&sealed.private), text(&frozen(name, "private.json", &sealed.private)), "{name}");
        let mac = hex::encode(&sealed.mac);
        assert_eq!(mac, text(&frozen(name, "mac", mac.as_bytes())), "{name}");
    }
}

#[test]
fn every_frozen_sample_is_read_by_todays_code() {
    let expected: std::collections::HashMap<_, _> = samples().into_iter().collect();
    let mut read = 0;
    for file in fs::read_dir(samples_dir()).expect("the samples") {
        let name = file.expect("a sample").file_name().into_string().expect("a plain name");
        let Some(name) = name.strip_suffix(".public.json") else { continue };
        let part =
            |part: &str| fs::read(samples_dir().join(format!("{name}.{part}"))).expect("all three parts");
        let (public, private) = (part("public.json"), part("private.json"));
        let mac = hex::decode(part("mac")).expect("a code");
        let header: serde_json::Value = serde_json::from_slice(&public).expect("JSON");
        let parts = Parts {
            id: header["id"].as_str().and_then(|id| Uuid::try_parse(id).ok()).expect("an id"),
            stream: header["stream"].as_str().expect("a stream"),
            revision: header["revision"].as_u64().expect("a revision"),
            public: &public,
            private: &private,
            mac: &mac,
        };
        let event = open(parts, LOG, &keys()).expect("an authentic sample");
        assert!(!matches!(event.body, Body::Unreadable(_)), "{name}: {:?}", event.body);
        if let Some(body) = expected.get(name) {
            assert_eq!(&event.body, body, "{name}");
        }
        assert!(event.private.is_some(), "{name}");
        read += 1;
    }
    assert!(read >= expected.len());
}

#[test]
fn every_type_of_event_has_a_sample() {
    for (name, version) in KEY_EVENTS.iter().chain([&super::public::CATALOGUE_EVENT]) {
        let sample = format!("{name}.v{version}");
        assert!(samples().iter().any(|(name, _)| *name == sample), "{sample}");
    }
}

/// A sealed event and where it stands.
fn sealed() -> (Draft, super::Sealed) {
    let (_, body) = samples().swap_remove(0);
    let draft = draft(0, body);
    let sealed = seal(&draft, &keys()).expect("an event");
    (draft, sealed)
}

fn open_as(
    draft: &Draft,
    sealed: &super::Sealed,
    change: impl FnOnce(&mut Parts<'_>),
) -> Result<super::Event, OpenError> {
    let stream = draft.stream.to_string();
    let mut parts = Parts {
        id: draft.id,
        stream: &stream,
        revision: draft.revision,
        public: &sealed.public,
        private: &sealed.private,
        mac: &sealed.mac,
    };
    change(&mut parts);
    open(parts, LOG, &keys())
}

#[test]
fn a_flipped_bit_anywhere_is_noticed() {
    let (draft, sealed) = sealed();
    assert!(open_as(&draft, &sealed, |_| {}).is_ok());
    let flips = |bytes: &[u8]| bytes.len() * 8;
    let flipped = |bytes: &[u8], bit: usize| {
        let mut bytes = bytes.to_vec();
        bytes[bit / 8] ^= 1 << (bit % 8);
        bytes
    };
    for bit in 0..flips(&sealed.public) {
        let public = flipped(&sealed.public, bit);
        let opened = open_as(&draft, &super::Sealed { public, ..sealed.clone() }, |_| {});
        assert_eq!(opened.err(), Some(OpenError::Mac(WrongMac::Forged)));
    }
    for bit in 0..flips(&sealed.private) {
        let private = flipped(&sealed.private, bit);
        let opened = open_as(&draft, &super::Sealed { private, ..sealed.clone() }, |_| {});
        assert_eq!(opened.err(), Some(OpenError::PrivateAltered));
    }
    for bit in 0..flips(&sealed.mac) {
        let mac = flipped(&sealed.mac, bit);
        let opened = open_as(&draft, &super::Sealed { mac, ..sealed.clone() }, |_| {});
        assert!(matches!(opened.err(), Some(OpenError::Mac(_))));
    }
}

#[test]
fn an_authentic_event_in_another_place_is_noticed() {
    let (draft, sealed) = sealed();
    let misplaced =
        |opened: Result<super::Event, OpenError>| matches!(opened, Err(OpenError::Misplaced { .. }));
    assert!(misplaced(open_as(&draft, &sealed, |parts| parts.revision = 1)));
    assert!(misplaced(open_as(&draft, &sealed, |parts| parts.stream = "catalogue")));
    assert!(misplaced(open_as(&draft, &sealed, |parts| parts.id = Uuid::nil())));
    let stream = draft.stream.to_string();
    let parts = Parts {
        id: draft.id,
        stream: &stream,
        revision: 0,
        public: &sealed.public,
        private: &sealed.private,
        mac: &sealed.mac,
    };
    assert!(matches!(open(parts, Uuid::nil(), &keys()), Err(OpenError::ForeignLog(LOG))));
}

#[test]
fn a_purged_private_part_leaves_the_event_authentic() {
    let (draft, sealed) = sealed();
    let event = open_as(&draft, &sealed, |parts| parts.private = b"").expect("still authentic");
    assert_eq!(event.private, None);
}

#[test]
fn an_older_mac_key_still_checks_and_a_missing_one_is_told_apart_from_a_forgery() {
    let older = MacKeys::new((MacKeyId(1), MacKey::new([1; 32])), vec![]);
    let mac = older.sign(Purpose::Event, &[b"event"]);
    assert_eq!(mac.len(), MacKeys::MAC_LENGTH);
    assert_eq!(keys().verify(Purpose::Event, &[b"ev", b"ent"], &mac), Ok(()));
    assert_eq!(keys().verify(Purpose::Snapshot, &[b"event"], &mac), Err(WrongMac::Forged));
    let newer = keys().sign(Purpose::Event, &[b"event"]);
    assert_eq!(older.verify(Purpose::Event, &[b"event"], &newer), Err(WrongMac::UnknownKey(MacKeyId(2))));
    assert_eq!(older.verify(Purpose::Event, &[b"event"], b""), Err(WrongMac::Forged));
}

#[test]
fn an_event_of_a_later_release_is_authentic_and_unreadable() {
    let (draft, sealed) = sealed();
    for (from, to) in
        [("\"schemaVersion\":1", "\"schemaVersion\":2"), ("KeyCreated", "KeyFrobbed"), ("acme", "a/me")]
    {
        let public = String::from_utf8(sealed.public.clone()).expect("JSON").replace(from, to).into_bytes();
        let mac = keys().sign(Purpose::Event, &[&public]);
        let later = super::Sealed { public, mac, private: sealed.private.clone() };
        let event = open_as(&draft, &later, |_| {}).expect("authentic");
        assert!(matches!(event.body, Body::Unreadable(_)), "{from} > {to}");
    }
    // A field that this build does not know changes nothing it knows.
    let public = String::from_utf8(sealed.public.clone())
        .expect("JSON")
        .replace("{\"partnerId\"", "{\"new\":1,\"partnerId\"");
    let mac = keys().sign(Purpose::Event, &[public.as_bytes()]);
    let later = super::Sealed { public: public.into_bytes(), mac, private: sealed.private.clone() };
    assert_eq!(open_as(&draft, &later, |_| {}).expect("authentic").body, draft.body);
}

#[test]
fn ids_made_from_an_idempotency_key_are_what_they_were() {
    let principal = Actor { kind: ActorKind::Key, id: "018f5a3c-8000-7000-8000-00000000000f".to_owned() };
    // Made independently with Python (hashlib.sha1 over the length-prefixed parts).
    let idempotency = Idempotency { log: LOG, principal: &principal, key: "order-4711" };
    assert_eq!(idempotency.event_id(0).to_string(), "12755ce9-60ba-5772-adf2-133f28bd20d9");
    assert_eq!(idempotency.event_id(1).to_string(), "671be134-9741-5d42-91db-a5e3999ee1e2");
    assert_eq!(idempotency.key_id().to_string(), "7aed429b-9c88-573e-abaa-bcdbc977d548");
    let other = Idempotency { key: "order-4712", ..idempotency };
    assert_ne!(other.event_id(0), idempotency.event_id(0));
}
