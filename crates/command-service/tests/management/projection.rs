//! The other side of the ports: folds the whole log whenever it is asked, so it is never behind unless told to be.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use futures_util::FutureExt;
use keyledger_command_service::ports::{
    Gatekeeper, KeyLists, KeyPage, Keyring, ListError, ListKeys, Principal, Readers, Unidentified,
};
use keyledger_domain::{
    Authority, Clock, KeyId, PartnerId, Prefix, Scope, Timestamp,
    authority::registry_scopes,
    envelope::{self, Event, MacKey, MacKeyId, MacKeys, Parts, PepperId, Stream, Verifier},
    event::{Body, KeyEvent},
    key::{Happened, Key, Status, evolve},
    verdict::{Standing, judge_secret},
};
use keyledger_event_log::{EventLog, Position};
use keyledger_secret::{Digest, Marker, Pepper, PlaintextSecret};

use crate::{troubled_log::TroubledLog, world::TestClock};

/// The keyring of every test.
pub(crate) struct TestKeyring;

impl Keyring for TestKeyring {
    fn pepper(&self) -> (PepperId, Pepper) {
        (PepperId(1), Pepper::new([7; 32]))
    }
    fn mac_keys(&self) -> MacKeys {
        MacKeys::new((MacKeyId(1), MacKey::new([9; 32])), Vec::new())
    }
}

pub(crate) struct Projection {
    pub(crate) log: Arc<TroubledLog>,
    pub(crate) clock: Arc<TestClock>,
    /// Whether what was recorded counts as applied.
    pub(crate) applies: AtomicBool,
    /// Whether it can be known who asks.
    pub(crate) knows: AtomicBool,
    /// How many live keys each partner is said to have besides its own.
    pub(crate) crowd: std::sync::atomic::AtomicU64,
}

struct Folded {
    key: Key,
    created: Position,
    secrets: Vec<(Prefix, Option<Verifier>)>,
}

impl Projection {
    fn fold(&self) -> BTreeMap<KeyId, Folded> {
        let mut keys: BTreeMap<KeyId, Folded> = BTreeMap::new();
        for (position, event) in self.events() {
            let Stream::Key(key_id) = event.stream else { continue };
            let Body::Key(body) = &event.body else { panic!("every event of a test is readable") };
            let happened = Happened {
                key_id,
                revision: event.revision,
                position: position.get(),
                at: event.occurred_at,
                by: &event.actor,
            };
            let before = keys.remove(&key_id);
            let (created, mut secrets) = before
                .as_ref()
                .map_or((position, Vec::new()), |folded| (folded.created, folded.secrets.clone()));
            if let KeyEvent::Created(_) | KeyEvent::Regenerated(_) = body {
                let verifier = event.private.as_ref().and_then(|private| private.verifier);
                let prefix = match body {
                    KeyEvent::Created(created) => created.prefix,
                    KeyEvent::Regenerated(regenerated) => regenerated.prefix,
                    _ => unreachable!("only these two bring a prefix"),
                };
                secrets.push((prefix, verifier));
            }
            let key =
                evolve(before.map(|folded| folded.key), Some(body), happened).expect("a key begins readable");
            keys.insert(key_id, Folded { key, created, secrets });
        }
        keys
    }

    /// Every event of the log, opened.
    pub(crate) fn events(&self) -> Vec<(Position, Event)> {
        let read = self.log.memory.read(Position::START, usize::MAX).now_or_never();
        let recorded = read.expect("memory does not wait").expect("memory does not fail");
        let keys = TestKeyring.mac_keys();
        let open = |event: &keyledger_event_log::RecordedEvent| {
            let parts = Parts {
                id: event.id,
                stream: event.stream.as_str(),
                revision: event.revision.get(),
                public: &event.public,
                private: &event.private,
                mac: &event.mac,
            };
            envelope::open(parts, self.log.identity().log, &keys).expect("what was recorded is authentic")
        };
        recorded.iter().map(|event| (event.position, open(event))).collect()
    }

    /// The key that a secret opens now.
    pub(crate) fn opened_by(&self, api_key: &[u8]) -> Option<Key> {
        let secret = PlaintextSecret::parse(Marker::DEFAULT, api_key)?;
        let digest = TestKeyring.pepper().1.digest(&secret);
        let now = self.clock.now();
        self.fold().into_values().find_map(|Folded { key, secrets, .. }| {
            let known = secrets.iter().filter_map(|(prefix, verifier)| Some((prefix, (*verifier)?)));
            let mut matching = known.filter(|(_, verifier)| Digest::new(verifier.digest).matches(&digest));
            let (prefix, _) = matching.next()?;
            works(&key, *prefix, now).then_some(key)
        })
    }
}

impl Gatekeeper for Projection {
    fn identify(&self, api_key: &[u8]) -> Result<Principal, Unidentified> {
        if !self.knows.load(Ordering::Relaxed) {
            return Err(Unidentified::CannotKnow);
        }
        let key = self.opened_by(api_key).ok_or(Unidentified::Unknown)?;
        let prefix = Prefix::parse(&api_key[..8]).expect("a secret begins with a prefix");
        Ok(Principal::key(key.key_id, prefix, Authority::of(key.partner_id, &key.scopes)))
    }
    fn stands(&self, prefix: Prefix) -> bool {
        let holds = |folded: &Folded| folded.secrets.iter().any(|(own, _)| *own == prefix);
        let holder = self.fold().into_values().find(holds);
        holder.is_some_and(|holder| works(&holder.key, prefix, self.clock.now()))
    }
}

/// Whether that one of a key's secrets works which begins with a prefix.
fn works(key: &Key, prefix: Prefix, now: Timestamp) -> bool {
    let overlap = key.superseded_secrets.iter().find(|secret| secret.prefix == prefix);
    let standing = match overlap {
        _ if prefix == key.prefix => Standing::Current,
        Some(secret) => Standing::Overlapping(secret.valid_until),
        None => Standing::Ended,
    };
    judge_secret(key.revoked.is_some(), standing, key.expires_at, now).is_ok()
}

fn operates(key: &Key) -> bool {
    key.partner_id.is_registry() && key.scopes.iter().any(|scope| scope.as_str() == registry_scopes::OPERATE)
}

#[async_trait]
impl KeyLists for Projection {
    async fn list(&self, query: ListKeys<'_>) -> Result<KeyPage, ListError> {
        let mut keys: Vec<_> = self.fold().into_values().collect();
        keys.retain(|folded| folded.key.partner_id == *query.partner);
        keys.retain(|folded| query.status.is_none_or(|status| folded.key.status(query.now) == status));
        keys.retain(|folded| query.search.is_none_or(|search| folded.key.name.as_str().contains(search)));
        keys.sort_by_key(|folded| std::cmp::Reverse(folded.created));
        let start = query.cursor.map_or(Ok(0), |cursor| cursor.parse().map_err(|_| ListError::BadCursor))?;
        let next_cursor = (start + query.limit < keys.len()).then(|| (start + query.limit).to_string());
        let keys = keys.into_iter().skip(start).take(query.limit).map(|folded| folded.key).collect();
        Ok(KeyPage { keys, next_cursor })
    }
    async fn partners(&self, after: Option<&PartnerId>, limit: usize) -> Result<Vec<PartnerId>, ListError> {
        let mut partners: Vec<_> = self.fold().into_values().map(|folded| folded.key.partner_id).collect();
        partners.sort();
        partners.dedup();
        partners.retain(|partner| after.is_none_or(|after| partner > after));
        partners.truncate(limit);
        Ok(partners)
    }
    async fn knows(&self, key_id: KeyId) -> Result<bool, ListError> {
        Ok(self.fold().contains_key(&key_id))
    }
    async fn by_prefix(&self, prefix: Prefix) -> Result<Vec<Key>, ListError> {
        let holds = |folded: &Folded| folded.secrets.iter().any(|(own, _)| *own == prefix);
        Ok(self.fold().into_values().filter(holds).map(|folded| folded.key).collect())
    }
    async fn of_partner(
        &self,
        partner: &PartnerId,
        created_up_to: Position,
        after: Option<KeyId>,
        limit: usize,
    ) -> Result<Vec<Key>, ListError> {
        let keys = self.fold().into_values();
        let meant =
            keys.filter(|folded| folded.key.partner_id == *partner && folded.created <= created_up_to);
        let rest = meant.map(|folded| folded.key).filter(|key| after.is_none_or(|after| key.key_id > after));
        Ok(rest.take(limit).collect())
    }
    async fn count_live(&self, partner: &PartnerId, now: Timestamp) -> Result<u64, ListError> {
        let live =
            |folded: &Folded| folded.key.partner_id == *partner && folded.key.status(now) == Status::Active;
        Ok(self.fold().into_values().filter(live).count() as u64 + self.crowd.load(Ordering::Relaxed))
    }
    async fn operator_keys(&self, now: Timestamp) -> Result<Vec<KeyId>, ListError> {
        let keys = self.fold().into_values().map(|folded| folded.key);
        Ok(keys
            .filter(|key| operates(key) && key.status(now) == Status::Active)
            .map(|key| key.key_id)
            .collect())
    }
    async fn holding(
        &self,
        scope: &Scope,
        after: Option<KeyId>,
        limit: usize,
    ) -> Result<Vec<Key>, ListError> {
        let keys = self.fold().into_values().map(|folded| folded.key);
        let holding = keys.filter(|key| key.scopes.contains(scope) && key.revoked.is_none());
        Ok(holding.filter(|key| after.is_none_or(|after| key.key_id > after)).take(limit).collect())
    }
}

#[async_trait]
impl Readers for Projection {
    async fn applied(&self, position: Position, _: Duration) -> bool {
        let head = self.log.head().await.expect("memory does not fail");
        assert!(position <= head, "position {position} is waited for, and the log ends at {head}");
        self.applies.load(Ordering::Relaxed)
    }

    fn named_by(&self, _: Prefix) -> Option<KeyId> {
        None
    }
}
