//! Logs in which anything happens to a few keys, written by command services whose clocks disagree and jump.

use std::{collections::BTreeMap, path::Path, sync::Arc};

use keyledger_audit::{
    History, Watcher,
    past::{IndexPlace, Past, Shape, State},
};
use keyledger_domain::{
    Actor, Catalogue, KeyId, KeyName, Moment, PartnerId, Prefix, Reason, Scope, Scopes, Throttle, Timestamp,
    actor::ActorKind,
    envelope::{Draft, MacKey, MacKeyId, MacKeys, Private, Purpose, Stream, seal},
    event::{
        Body, KeyCreated, KeyEvent, KeyExpirationChanged, KeyOverlapEnded, KeyRegenerated, KeyRenamed,
        KeyRevoked, KeyScopesChanged, ScopeCatalogueChanged, SupersededSecret,
    },
    key::{Happened, Key, evolve},
};
use keyledger_event_log::{
    Append, EventLog, Lane, LogIdentity, MemoryLog, NewEvent, Position, Revision, StreamName,
};
use proptest::prelude::*;
use uuid::Uuid;

/// What somebody does: to which key or, with the last number, to the catalogue; what; and how the clock of the service
/// that records it has moved since its last event.
#[derive(Clone, Debug)]
pub(crate) struct Step {
    pub(crate) key: u8,
    pub(crate) what: u8,
    pub(crate) service: usize,
    pub(crate) clock: i64,
}

const KEYS: u8 = 6;

pub(crate) fn steps() -> impl Strategy<Value = Vec<Step>> {
    let clock = prop_oneof![6 => 0..4_i64, 1 => -30..30_i64, 1 => Just(400_i64)];
    let step = (0..=KEYS, 0..8_u8, 0..2_usize, clock).prop_map(|(key, what, service, clock)| Step {
        key,
        what,
        service,
        clock,
    });
    prop::collection::vec(step, 0..60)
}

/// Steps that repeat, for tests that want one long log.
pub(crate) fn many(count: usize) -> Vec<Step> {
    let step = |number: usize| Step {
        key: u8::try_from(number % 7).expect("small"),
        what: u8::try_from(number / 7 % 8).expect("small"),
        service: number % 2,
        clock: 2,
    };
    (0..count).map(step).collect()
}

pub(crate) fn key_id(number: u8) -> KeyId {
    KeyId(Uuid::from_u128(u128::from(number) * 0x1_0000))
}

pub(crate) fn prefix(number: u8, revision: u64) -> Prefix {
    Prefix::parse(format!("k{number}{revision:06}").as_bytes()).expect("a prefix")
}

pub(crate) fn scopes(names: &[&str]) -> Scopes {
    Scopes::new(names.iter().map(|name| Scope::parse(name).expect("a scope"))).expect("scopes")
}

fn partner(number: u8) -> PartnerId {
    PartnerId::parse(["acme", "other", "third"][usize::from(number % 3)]).expect("a partner")
}

/// A log that steps made, and what it holds.
pub(crate) struct Story {
    pub(crate) log: Arc<dyn EventLog>,
    pub(crate) drafts: Vec<Draft>,
}

pub(crate) fn identity() -> LogIdentity {
    LogIdentity { log: Uuid::from_u128(0x10f), epoch: 1 }
}

pub(crate) fn mac_keys(secret: u8) -> Arc<MacKeys> {
    Arc::new(MacKeys::new((MacKeyId(1), MacKey::new([secret; 32])), Vec::new()))
}

impl Story {
    pub(crate) async fn of(steps: &[Step]) -> Self {
        let log = Arc::new(MemoryLog::new(identity()));
        let mut story = Self { log: log.clone(), drafts: Vec::new() };
        let mut clocks = [1_000_000_i64; 2];
        let mut streams = BTreeMap::<String, (u64, Timestamp)>::new();
        for step in steps {
            let clock = &mut clocks[step.service];
            *clock = (*clock + step.clock).max(0);
            let stream = if step.key == KEYS { Stream::Catalogue } else { Stream::Key(key_id(step.key)) };
            let before = streams.get(&stream.to_string()).copied();
            let revision = before.map_or(0, |(revision, _)| revision + 1);
            let at =
                Timestamp::from_millis(*clock).max(before.map_or(Timestamp::from_millis(0), |(_, at)| at));
            streams.insert(stream.to_string(), (revision, at));
            story.record(stream, revision, at, body(step, revision, at)).await;
        }
        story
    }

    pub(crate) async fn record(&mut self, stream: Stream, revision: u64, at: Timestamp, body: Body) {
        self.record_as(stream, revision, at, body, |public| public).await;
    }

    /// Records an event as a later release writes it, which this one cannot read.
    pub(crate) async fn record_unreadable(
        &mut self,
        stream: Stream,
        revision: u64,
        at: Timestamp,
        body: Body,
    ) {
        let later = |public: String| public.replace("\"schemaVersion\":1", "\"schemaVersion\":99");
        self.record_as(stream, revision, at, body, later).await;
    }

    async fn record_as(
        &mut self,
        stream: Stream,
        revision: u64,
        at: Timestamp,
        body: Body,
        written: impl FnOnce(String) -> String,
    ) {
        let draft = Draft {
            id: Uuid::new_v5(&Uuid::nil(), format!("{stream} {revision}").as_bytes()),
            log: identity().log,
            epoch: 1,
            stream,
            revision,
            occurred_at: at,
            actor: Actor { kind: ActorKind::Key, id: format!("operator {}", revision % 2) },
            request_id: "a-request".to_owned(),
            body,
            private: Private { nonce: [1; 16], verifier: None, request_digest: None },
        };
        let keys = mac_keys(7);
        let sealed = seal(&draft, &keys).expect("an event that can be written");
        let public = written(String::from_utf8(sealed.public).expect("JSON")).into_bytes();
        let (private, mac) = (sealed.private, keys.sign(Purpose::Event, &[&public]));
        let event = NewEvent { id: draft.id, revision: Revision::new(revision), public, private, mac };
        let stream = StreamName::new(stream.to_string());
        let append = Append { stream, events: vec![event], claims: Vec::new(), lane: Lane::Ordinary };
        self.log.append(append).await.expect("it is recorded");
        self.drafts.push(draft);
    }

    /// The past as whoever holds the keyring sees it, with an index cut small, or without one.
    pub(crate) fn past(&self, index: Option<&Path>) -> Past {
        let history = History::new(self.log.clone(), Some(Arc::new(|| mac_keys(7))));
        Past::new(history, index.map(small))
    }

    /// The past as somebody without the keyring sees it.
    pub(crate) fn past_without_keyring(&self, index: &Path) -> Past {
        Past::new(History::new(self.log.clone(), None), Some(small(index)))
    }

    /// What the log says of a moment, gone through from the beginning.
    pub(crate) fn told(&self, moment: Moment) -> (Vec<Key>, Option<Catalogue>) {
        let (mut keys, mut catalogue) = (BTreeMap::<KeyId, Key>::new(), None);
        for (position, draft) in (1..).zip(&self.drafts) {
            if !moment.includes(position, draft.occurred_at) {
                continue;
            }
            match (&draft.stream, &draft.body) {
                (Stream::Key(key_id), Body::Key(event)) => {
                    let (at, by) = (draft.occurred_at, &draft.actor);
                    let happened = Happened { key_id: *key_id, revision: draft.revision, position, at, by };
                    if let Some(key) = evolve(keys.remove(key_id), Some(event), happened) {
                        keys.insert(*key_id, key);
                    }
                }
                (_, Body::Catalogue(changed)) => catalogue = Some(changed.catalogue.clone()),
                other => panic!("nothing else is recorded: {other:?}"),
            }
        }
        (keys.into_values().collect(), catalogue)
    }

    /// Every position, and every time at which something happened, with those around it.
    pub(crate) fn moments(&self) -> Vec<Moment> {
        let positions = (0..=self.drafts.len() as u64).map(Moment::Position);
        let times = self.drafts.iter().flat_map(|draft| {
            [-1, 0, 1].map(|off| Moment::Time(Timestamp::from_millis(draft.occurred_at.millis() + off)))
        });
        positions.chain(times).collect()
    }
}

fn small(directory: &Path) -> IndexPlace {
    IndexPlace { directory: directory.to_owned(), shape: Shape { events: 3, fan_out: 2 } }
}

/// What a state holds.
pub(crate) fn held(state: &State) -> (Vec<Key>, Option<Catalogue>) {
    let keys = state.keys().map(|key| key.expect("a row").key().expect("a key")).collect();
    (keys, state.catalogue.catalogue.clone())
}

fn body(step: &Step, revision: u64, at: Timestamp) -> Body {
    let partner_id = partner(step.key);
    if step.key == KEYS {
        let mut resources = Catalogue::builtin().resources().to_vec();
        resources[0].describe.insert("read".to_owned(), format!("the {revision}th meaning"));
        let catalogue = Catalogue::new(resources).expect("a catalogue");
        return Body::Catalogue(ScopeCatalogueChanged { catalogue });
    }
    if revision == 0 {
        return Body::Key(KeyEvent::Created(KeyCreated {
            partner_id,
            name: KeyName::parse("as created").expect("a name"),
            prefix: prefix(step.key, 0),
            scopes: scopes(&["client:read"]),
            throttle: Throttle::DEFAULT,
            expires_at: (step.what == 0).then(|| at.plus_seconds(1)),
        }));
    }
    Body::Key(match step.what {
        0 => KeyEvent::Revoked(KeyRevoked { partner_id, reason: Reason::parse("a leak").ok() }),
        1 | 2 => {
            let superseded =
                SupersededSecret { prefix: prefix(step.key, 0), valid_until: at.plus_seconds(1) };
            let (prefix, superseded_secrets) = (prefix(step.key, revision), vec![superseded]);
            KeyEvent::Regenerated(KeyRegenerated { partner_id, prefix, superseded_secrets })
        }
        3 => KeyEvent::OverlapEnded(KeyOverlapEnded { partner_id }),
        4 => {
            let scopes = scopes(&["client:read", "site:read"]);
            KeyEvent::ScopesChanged(KeyScopesChanged { partner_id, scopes })
        }
        5 => KeyEvent::ExpirationChanged(KeyExpirationChanged { partner_id, expires_at: None }),
        _ => {
            let name = KeyName::parse(&format!("name {revision}")).expect("a name");
            KeyEvent::Renamed(KeyRenamed { partner_id, name })
        }
    })
}

/// Whoever remembers what was remarked.
#[derive(Default)]
pub(crate) struct Remarks(pub(crate) Vec<String>);

impl Watcher for Remarks {
    fn reached(&mut self, position: Position, end: Position) {
        assert!(position <= end, "{position} lies behind {end}");
    }

    fn remark(&mut self, text: &str) {
        self.0.push(text.to_owned());
    }
}
