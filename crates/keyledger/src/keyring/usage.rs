//! Which live secrets are recognised under which pepper: what stands in the way of retiring one.

use std::{collections::HashMap, sync::Arc};

use anyhow::{Context as _, bail};
use keyledger_domain::{
    KeyId, Prefix, Timestamp,
    envelope::{Event, MacKeys, Parts, PepperId, Stream, open},
    event::Body,
    key::{Happened, Key, Status, evolve},
};
use keyledger_event_log::{EventLog, Position, RecordedEvent, Subscription};

/// A secret that works at present.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct LiveSecret {
    /// Its key.
    pub key: Key,
    /// Its first eight characters.
    pub prefix: Prefix,
    /// Under which pepper it is recognised.
    pub pepper: u32,
}

impl LiveSecret {
    /// Whether it is its key's newest one, and not one in an overlap.
    pub(crate) fn is_current(&self) -> bool {
        self.key.prefix == self.prefix
    }
}

/// Every live secret, from the events alone. `on_progress` is told how far it is: position, head.
///
/// # Errors
/// Where the log cannot be read to its head, or must not be believed.
pub(crate) async fn live_secrets(
    log: Arc<dyn EventLog>,
    keys: &MacKeys,
    now: Timestamp,
    mut on_progress: impl FnMut(Position, Position),
) -> anyhow::Result<Vec<LiveSecret>> {
    let head = log.head().await?;
    let identity = log.identity();
    let mut events = Subscription::new(log, Position::START);
    let mut fold = Fold::default();
    while events.position() < head {
        for recorded in events.next().await? {
            let event = open(parts(&recorded), identity.log, keys)
                .with_context(|| format!("event {} of the log is not to be believed", recorded.position))?;
            fold.apply(recorded.position, &event)?;
        }
        on_progress(events.position(), head);
    }
    Ok(fold.live(now))
}

fn parts(recorded: &RecordedEvent) -> Parts<'_> {
    Parts {
        id: recorded.id,
        stream: recorded.stream.as_str(),
        revision: recorded.revision.get(),
        public: &recorded.public,
        private: &recorded.private,
        mac: &recorded.mac,
    }
}

/// The keys that are not revoked, with the peppers of their secrets.
#[derive(Default)]
struct Fold(HashMap<KeyId, (Key, Vec<(Prefix, PepperId)>)>);

impl Fold {
    fn apply(&mut self, position: Position, event: &Event) -> anyhow::Result<()> {
        let (Stream::Key(key_id), body) = (event.stream, &event.body) else { return Ok(()) };
        let Body::Key(happened) = body else {
            bail!(
                "event {position} is of a later release, which may keep secrets in another way: use that release"
            );
        };
        let (key, mut secrets) =
            self.0.remove(&key_id).map_or((None, Vec::new()), |(key, secrets)| (Some(key), secrets));
        if key.as_ref().map_or(0, |key| key.revision + 1) != event.revision {
            bail!(
                "events of key {key_id} are missing before position {position}: the log is not to be believed"
            );
        }
        let circumstances = Happened {
            key_id,
            revision: event.revision,
            position: position.get(),
            at: event.occurred_at,
            by: &event.actor,
        };
        let Some(key) = evolve(key, Some(happened), circumstances) else { return Ok(()) };
        if key.revoked.is_some() {
            return Ok(());
        }
        if let Some(verifier) = event.private.as_ref().and_then(|private| private.verifier) {
            secrets.push((key.prefix, verifier.pepper_id));
        }
        secrets.retain(|(prefix, _)| {
            *prefix == key.prefix
                || key.superseded_secrets.iter().any(|superseded| superseded.prefix == *prefix)
        });
        self.0.insert(key_id, (key, secrets));
        Ok(())
    }

    fn live(self, now: Timestamp) -> Vec<LiveSecret> {
        let mut found = Vec::new();
        for (key, secrets) in self.0.into_values().filter(|(key, _)| key.status(now) == Status::Active) {
            for (prefix, PepperId(pepper)) in secrets {
                if prefix == key.prefix || key.overlapping(now).any(|superseded| superseded.prefix == prefix)
                {
                    found.push(LiveSecret { key: key.clone(), prefix, pepper });
                }
            }
        }
        found.sort_by(|a, b| {
            (&a.key.partner_id, a.key.key_id, a.prefix).cmp(&(&b.key.partner_id, b.key.key_id, b.prefix))
        });
        found
    }
}

#[cfg(test)]
mod tests {
    use keyledger_domain::{
        Actor, KeyName, PartnerId, Scope, Scopes, Throttle,
        actor::ActorKind,
        envelope::{Draft, Private, Verifier, seal},
        event::{KeyCreated, KeyEvent, KeyOverlapEnded, KeyRegenerated, KeyRevoked, SupersededSecret},
    };
    use keyledger_event_log::{Append, Lane, LogIdentity, MemoryLog, NewEvent, Revision, StreamName};
    use uuid::Uuid;

    use super::*;

    const LOG: LogIdentity = LogIdentity { log: Uuid::from_u128(7), epoch: 1 };

    struct History {
        log: Arc<MemoryLog>,
        keys: MacKeys,
        number: u128,
    }

    fn prefix(text: &str) -> Prefix {
        Prefix::parse(text.as_bytes()).expect("a prefix")
    }

    fn partner() -> PartnerId {
        PartnerId::parse("acme").expect("a partner")
    }

    impl History {
        fn new() -> Self {
            let (keyring, _) = super::super::tests::keyring();
            Self { log: Arc::new(MemoryLog::new(LOG)), keys: keyring.mac_keys(), number: 0 }
        }

        async fn record(&mut self, key: u128, revision: u64, pepper: Option<u32>, event: KeyEvent) {
            self.number += 1;
            let stream = Stream::Key(KeyId(Uuid::from_u128(key)));
            let verifier = pepper.map(|pepper| Verifier { pepper_id: PepperId(pepper), digest: [0; 32] });
            let draft = Draft {
                id: Uuid::from_u128(self.number),
                log: LOG.log,
                epoch: LOG.epoch,
                stream,
                revision,
                occurred_at: Timestamp::from_millis(0),
                actor: Actor { kind: ActorKind::Keyring, id: "x".to_owned() },
                request_id: "r".to_owned(),
                body: Body::Key(event),
                private: Private { nonce: [0; 16], verifier, request_digest: None },
            };
            let sealed = seal(&draft, &self.keys).expect("sealed");
            let event = NewEvent {
                id: draft.id,
                revision: Revision::new(revision),
                public: sealed.public,
                private: sealed.private,
                mac: sealed.mac,
            };
            let stream = StreamName::new(stream.to_string());
            let append = Append { stream, events: vec![event], claims: Vec::new(), lane: Lane::Ordinary };
            self.log.append(append).await.expect("recorded");
        }

        async fn create(&mut self, key: u128, first: &str, pepper: u32, expires_at: Option<Timestamp>) {
            let created = KeyCreated {
                partner_id: partner(),
                name: KeyName::parse("n").expect("a name"),
                prefix: prefix(first),
                scopes: Scopes::new([Scope::parse("a:b").expect("a scope")]).expect("scopes"),
                throttle: Throttle::DEFAULT,
                expires_at,
            };
            self.record(key, 0, Some(pepper), KeyEvent::Created(created)).await;
        }

        async fn regenerate(&mut self, key: u128, next: &str, pepper: u32, old: &str, until: i64) {
            let superseded_secrets =
                vec![SupersededSecret { prefix: prefix(old), valid_until: Timestamp::from_millis(until) }];
            let regenerated =
                KeyRegenerated { partner_id: partner(), prefix: prefix(next), superseded_secrets };
            self.record(key, 1, Some(pepper), KeyEvent::Regenerated(regenerated)).await;
        }

        async fn live(&self) -> Vec<(String, u32, bool)> {
            let log: Arc<dyn EventLog> = self.log.clone();
            let live = live_secrets(log, &self.keys, Timestamp::from_millis(1_000), |_, _| {})
                .await
                .expect("an answer");
            live.into_iter()
                .map(|secret| (secret.prefix.to_string(), secret.pepper, secret.is_current()))
                .collect()
        }
    }

    #[tokio::test]
    async fn what_works_is_live_and_what_was_ended_by_event_or_clock_is_not() {
        let mut history = History::new();
        history.create(1, "aaaaaaaa", 1, None).await;
        history.create(2, "bbbbbbbb", 1, Some(Timestamp::from_millis(1_000))).await;
        history.create(3, "cccccccc", 1, None).await;
        history.create(4, "dddddddd", 1, None).await;
        history.create(5, "eeeeeeee", 1, None).await;
        history.regenerate(3, "cccccccd", 2, "cccccccc", 1_001).await;
        history.regenerate(4, "ddddddde", 2, "dddddddd", 1_000).await;
        history
            .record(5, 1, None, KeyEvent::Revoked(KeyRevoked { partner_id: partner(), reason: None }))
            .await;
        let live =
            [("aaaaaaaa", 1, true), ("cccccccc", 1, false), ("cccccccd", 2, true), ("ddddddde", 2, true)];
        assert_eq!(
            history.live().await,
            live.map(|(prefix, pepper, current)| (prefix.to_owned(), pepper, current))
        );
        history.record(3, 2, None, KeyEvent::OverlapEnded(KeyOverlapEnded { partner_id: partner() })).await;
        assert_eq!(history.live().await.len(), 3);
    }

    #[tokio::test]
    async fn a_log_that_is_not_to_be_believed_is_not_counted() {
        let mut history = History::new();
        history.create(1, "aaaaaaaa", 1, None).await;
        let (other, randomness) = super::super::tests::keyring();
        let foreign = super::super::Keyring::generate(other.log(), &randomness).mac_keys();
        let log: Arc<dyn EventLog> = history.log;
        let refused = live_secrets(log, &foreign, Timestamp::from_millis(0), |_, _| {}).await;
        assert!(refused.expect_err("a refusal").to_string().contains("event 1 of the log"));
    }
}
