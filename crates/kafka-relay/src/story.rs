//! A log in memory with sealed events, for the tests of this crate.
#![cfg(test)]

use std::sync::Arc;

use keyledger_domain::{
    Actor, KeyId, KeyName, PartnerId, Prefix, Scope, Scopes, Throttle, Timestamp,
    actor::ActorKind,
    envelope::{Draft, MacKey, MacKeyId, MacKeys, Private, Purpose, Stream, seal},
    event::{Body, KeyCreated, KeyEvent, KeyRenamed},
};
use keyledger_event_log::{
    Append, EventLog as _, Lane, LogIdentity, MemoryLog, NewEvent, Position, Revision, StreamName,
};
use keyledger_projectors::{CheckedEvent, MacKeysSource};
use uuid::Uuid;

pub(crate) fn identity() -> LogIdentity {
    LogIdentity { log: Uuid::from_u128(0x10f), epoch: 2 }
}

pub(crate) fn mac_keys() -> MacKeys {
    MacKeys::new((MacKeyId(1), MacKey::new([7; 32])), Vec::new())
}

pub(crate) fn keys() -> MacKeysSource {
    let keys = Arc::new(mac_keys());
    Arc::new(move || Arc::clone(&keys))
}

fn acme() -> PartnerId {
    PartnerId::parse("acme").expect("a partner")
}

fn name(text: &str) -> KeyName {
    KeyName::parse(text).expect("a name")
}

pub(crate) fn created() -> Body {
    Body::Key(KeyEvent::Created(KeyCreated {
        partner_id: acme(),
        name: name("first"),
        prefix: Prefix::parse(b"hT4kQ9xZ").expect("a prefix"),
        scopes: Scopes::new([Scope::parse("client:read").expect("a scope")]).expect("one scope"),
        throttle: Throttle::DEFAULT,
        expires_at: None,
    }))
}

pub(crate) fn renamed(to: &str) -> Body {
    Body::Key(KeyEvent::Renamed(KeyRenamed { partner_id: acme(), name: name(to) }))
}

/// The log of a story that is told event by event.
pub(crate) struct Story(pub(crate) Arc<MemoryLog>);

impl Story {
    pub(crate) fn new() -> Self {
        Self(Arc::new(MemoryLog::new(identity())))
    }

    /// Records that something happens to the key with a number.
    pub(crate) async fn happens(&self, key: u128, revision: u64, body: Body) {
        self.happens_as(key, revision, body, |public| public).await;
    }

    /// Records it in the words of another release.
    pub(crate) async fn happens_as(
        &self,
        key: u128,
        revision: u64,
        body: Body,
        reword: impl Fn(String) -> String,
    ) {
        let stream = Stream::Key(KeyId(Uuid::from_u128(key)));
        let draft = Draft {
            id: Uuid::new_v5(&Uuid::nil(), format!("{stream} {revision}").as_bytes()),
            log: identity().log,
            epoch: 1,
            stream,
            revision,
            occurred_at: Timestamp::from_millis(1_800_000_000_000),
            actor: Actor { kind: ActorKind::Key, id: "an-operator".to_owned() },
            request_id: "a-request".to_owned(),
            body,
            private: Private { nonce: [9; 16], verifier: None, request_digest: None },
        };
        let sealed = seal(&draft, &mac_keys()).expect("it can be written");
        let public = reword(String::from_utf8(sealed.public).expect("JSON")).into_bytes();
        let mac = mac_keys().sign(Purpose::Event, &[&public]);
        let event = NewEvent {
            id: draft.id,
            revision: Revision::new(revision),
            public,
            private: sealed.private,
            mac,
        };
        let stream = StreamName::new(stream.to_string());
        let append = Append { stream, events: vec![event], claims: Vec::new(), lane: Lane::Ordinary };
        self.0.append(append).await.expect("it is recorded");
    }

    /// The event at a position, opened.
    pub(crate) async fn event(&self, position: u64) -> CheckedEvent {
        let found = self.0.read(Position::new(position - 1), 1).await.expect("it is read");
        let found = found.into_iter().next().expect("there is one");
        CheckedEvent::open(found, &mac_keys(), identity()).expect("it is authentic")
    }
}
