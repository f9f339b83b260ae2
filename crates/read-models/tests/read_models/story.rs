//! A story of keys: commands are decided by the domain, and what comes of them is told to read models.

use std::collections::BTreeMap;

use keyledger_domain::{
    Actor, Authority, Catalogue, KeyId, KeyName, PartnerId, Prefix, Reason, Scope, Scopes, Throttle,
    Timestamp,
    actor::ActorKind,
    envelope::{Event, Stream},
    event::{Body, ScopeCatalogueChanged, Unreadable},
    key::{
        Command, CreateKey, EditKey, EndOverlap, Happened, Key, Overlap, RegenerateKey, Replace, RevokeKey,
        Situation, decide, evolve,
    },
};
use keyledger_event_log::{LogIdentity, Position};
use keyledger_read_models::{ApplyError, Change, PartnerKeys};
use uuid::Uuid;

/// The log of every story.
pub(crate) fn log() -> LogIdentity {
    LogIdentity { log: Uuid::from_u128(0x10f), epoch: 1 }
}

/// The key with this number.
pub(crate) fn key_id(number: u64) -> KeyId {
    KeyId(Uuid::from_u128(u128::from(number) | 1 << 100))
}

pub(crate) fn partner(name: &str) -> PartnerId {
    PartnerId::parse(name).expect("a partner")
}

pub(crate) fn scopes(scopes: &[&str]) -> Scopes {
    Scopes::new(scopes.iter().map(|scope| Scope::parse(scope).expect("a scope"))).expect("scopes")
}

/// The prefix with this number.
pub(crate) fn prefix(number: u64) -> Prefix {
    Prefix::parse(format!("p{:07}", number % 10_000_000).as_bytes()).expect("a prefix")
}

/// What happened, and the keys as the domain alone folds them.
pub(crate) struct Story {
    pub(crate) now: Timestamp,
    pub(crate) events: Vec<Event>,
    pub(crate) keys: BTreeMap<KeyId, Key>,
    revisions: BTreeMap<String, u64>,
    minted: u64,
}

impl Story {
    pub(crate) fn new() -> Self {
        let now = Timestamp::from_millis(1_800_000_000_000);
        Self { now, events: Vec::new(), keys: BTreeMap::new(), revisions: BTreeMap::new(), minted: 0 }
    }

    /// A prefix that no secret has had.
    pub(crate) fn mint(&mut self) -> Prefix {
        self.minted += 1;
        prefix(self.minted)
    }

    /// What a command does, if the domain lets it.
    pub(crate) fn command(&mut self, key_id: KeyId, command: Command) {
        let situation =
            Situation { now: self.now, catalogue: &Catalogue::builtin(), authority: &Authority::operator() };
        let Ok(events) = decide(self.keys.get(&key_id), command, situation) else { return };
        for event in events {
            self.tell(Stream::Key(key_id), Body::Key(event));
        }
    }

    pub(crate) fn create(&mut self, number: u64, owner: &str, held: &[&str], expires_at: Option<Timestamp>) {
        let prefix = self.mint();
        let (partner_id, scopes) = (partner(owner), scopes(held));
        let name = KeyName::parse(&format!("key {number}")).expect("a name");
        let throttle = Throttle::DEFAULT;
        self.command(
            key_id(number),
            Command::Create(CreateKey { partner_id, name, prefix, scopes, throttle, expires_at }),
        );
    }

    pub(crate) fn revoke(&mut self, number: u64) {
        let reason = Some(Reason::parse("leaked").expect("a reason"));
        self.command(key_id(number), Command::Revoke(RevokeKey { reason }));
    }

    pub(crate) fn regenerate(&mut self, number: u64, overlap: u32, replace: Option<Replace>) {
        let (prefix, overlap) = (self.mint(), Overlap::seconds(overlap).expect("an overlap"));
        self.command(key_id(number), Command::Regenerate(RegenerateKey { prefix, overlap, replace }));
    }

    /// An event that this build cannot read.
    pub(crate) fn unreadable(&mut self, stream: Stream) {
        let event_type = "KeyBlessed".to_owned();
        self.tell(
            stream,
            Body::Unreadable(Unreadable { event_type, schema_version: 1, why: "unknown".to_owned() }),
        );
    }

    /// One of many things, chosen by three numbers.
    pub(crate) fn something(&mut self, what: u8, number: u64, amount: u32) {
        let later = |seconds| self.now.plus_seconds(seconds);
        let edit = |edit| Command::Edit(edit);
        match what {
            0 | 1 => self.create(number, ["acme", "globex"][number as usize % 2], &["client:read"], None),
            2 => self.create(number, "acme", &["client:read", "user:write"], Some(later(amount))),
            3 => self.create(number, "registry", &["registry:operate"], None),
            4 => self.regenerate(
                number,
                amount,
                [None, Some(Replace::Oldest), Some(Replace::Newest)][amount as usize % 3],
            ),
            5 => self.command(key_id(number), Command::EndOverlap(EndOverlap)),
            6 => {
                let name = Some(KeyName::parse(&format!("renamed {amount}")).expect("a name"));
                let throttle = Some(Throttle::new(amount + 1, 5).expect("a throttle"));
                self.command(key_id(number), edit(EditKey { name, throttle, ..EditKey::default() }));
            }
            7 => {
                let (scopes, expires_at) = (Some(scopes(&["site:read"])), Some(Some(later(amount))));
                self.command(key_id(number), edit(EditKey { scopes, expires_at, ..EditKey::default() }));
            }
            8 => self.revoke(number),
            9 if amount.is_multiple_of(4) => self.unreadable(Stream::Key(key_id(number))),
            10 => {
                let changed = ScopeCatalogueChanged { catalogue: Catalogue::builtin() };
                self.tell(Stream::Catalogue, Body::Catalogue(changed));
            }
            _ => self.now = later(amount),
        }
    }

    fn tell(&mut self, stream: Stream, body: Body) {
        let next = self.revisions.entry(stream.to_string()).or_default();
        let revision = *next;
        *next += 1;
        let position = self.events.len() as u64 + 1;
        let event = Event {
            id: Uuid::from_u128(u128::from(position)),
            epoch: 1,
            stream,
            revision,
            occurred_at: self.now,
            actor: Actor { kind: ActorKind::Key, id: "an-operator".to_owned() },
            request_id: "a-request".to_owned(),
            schema_version: 1,
            body,
            private: None,
        };
        if let Stream::Key(key_id) = stream {
            let happened = Happened { key_id, revision, position, at: event.occurred_at, by: &event.actor };
            let what = if let Body::Key(event) = &event.body { Some(event) } else { None };
            if let Some(key) = evolve(self.keys.remove(&key_id), what, happened) {
                self.keys.insert(key_id, key);
            }
        }
        self.events.push(event);
    }
}

/// The code of the event at a position, as far as these tests are concerned.
pub(crate) fn mac(position: usize) -> Vec<u8> {
    (position as u64).to_be_bytes().to_vec()
}

/// Tells a read model the events at `positions`, counted from 1.
pub(crate) fn tell(
    model: &mut PartnerKeys,
    events: &[Event],
    positions: std::ops::RangeInclusive<usize>,
) -> Result<(), ApplyError> {
    let macs: Vec<_> = positions.clone().map(mac).collect();
    let changes = positions.zip(&macs).map(|(position, mac)| Change {
        position: Position::new(position as u64),
        mac,
        event: &events[position - 1],
    });
    model.apply(changes)
}
