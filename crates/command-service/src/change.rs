//! The way of every command on a key: load → decide → append, and again where another writer was faster.

use keyledger_domain::{
    KeyId, PartnerId, Prefix, Timestamp,
    envelope::{Stream, Verifier},
    event::{Body, KeyEvent},
    key::{Happened, Key, Rejection, evolve},
};
use keyledger_event_log::{Lane, Position, Revision};
use keyledger_secret::PlaintextSecret;

use crate::{
    CommandError, CommandService, Failure, Refusal, Request,
    append::{Decided, Outcome},
    claims::new_prefix,
};

/// A key, as a path names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyRef {
    /// Whose key.
    pub partner_id: PartnerId,
    /// Which one.
    pub key_id: KeyId,
}

/// A key after a command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Changed {
    /// Its present state.
    pub key: Key,
    /// Whether the readers in this process have applied that state. Where they have not, it is durable all the same.
    pub applied: bool,
}

/// A key after it got a secret.
pub struct Minted {
    /// The key.
    pub changed: Changed,
    /// The secret, here and nowhere else; none where this request was recorded before.
    pub secret: Option<PlaintextSecret>,
    /// The prefix of the secret that this request minted, now or then; none where a newer release recorded it, and this
    /// one cannot read what.
    pub prefix: Option<Prefix>,
}

/// What was decided about one key: nothing, where it already is as it should be.
#[derive(Default)]
pub(crate) struct Decision {
    pub(crate) events: Vec<KeyEvent>,
    pub(crate) secret: Option<PlaintextSecret>,
}

/// A key after an attempt to change it.
pub(crate) struct Attempted {
    pub(crate) key: Key,
    pub(crate) secret: Option<PlaintextSecret>,
    /// The prefix of the secret that its request minted, now or before.
    pub(crate) prefix: Option<Prefix>,
    /// Whether this attempt recorded something.
    pub(crate) recorded: bool,
}

/// Where a command stands: who asks, which of its events comes next, on which key, in which lane.
#[derive(Clone, Copy)]
pub(crate) struct Attempt<'a> {
    pub(crate) request: &'a Request,
    pub(crate) number: u32,
    pub(crate) key_id: KeyId,
    pub(crate) lane: Lane,
}

/// How often a command is decided again before its writer gives way.
pub(crate) const ATTEMPTS: usize = 32;

impl CommandService {
    /// Changes one key. `decide` sees its present state and the moment of its next event; it is asked again, and mints
    /// anew, each time another writer was faster or holds the prefix.
    pub(crate) async fn change(
        &self,
        request: &Request,
        key_id: KeyId,
        lane: Lane,
        mut decide: impl FnMut(Option<&Key>, Timestamp) -> Result<Decision, Refusal> + Send,
    ) -> Result<Attempted, CommandError> {
        let attempt = Attempt { request, number: 0, key_id, lane };
        for _ in 0..ATTEMPTS {
            if let Some(before) = self.replay(request, key_id).await? {
                return Ok(before);
            }
            match self.attempt(attempt, &mut decide).await {
                Ok(Some(attempted)) => return Ok(attempted),
                Ok(None) => {}
                // The same request in another process may have been what stands against it now.
                Err(CommandError::Refused(refusal)) => {
                    if let Some(before) = self.replay(request, key_id).await? {
                        return Ok(before);
                    }
                    self.catch_up_with(key_id).await;
                    return Err(refusal.into());
                }
                Err(failed) => return Err(failed),
            }
        }
        Err(Failure::Contended.into())
    }

    /// One attempt to change a key, when it is its turn; none where another process was faster.
    pub(crate) async fn attempt(
        &self,
        attempt: Attempt<'_>,
        decide: &mut (impl FnMut(Option<&Key>, Timestamp) -> Result<Decision, Refusal> + Send),
    ) -> Result<Option<Attempted>, CommandError> {
        self.inside().turns.take(attempt.key_id, attempt.lane, self.attempt_now(attempt, decide)).await
    }

    async fn attempt_now(
        &self,
        attempt: Attempt<'_>,
        decide: &mut (impl FnMut(Option<&Key>, Timestamp) -> Result<Decision, Refusal> + Send),
    ) -> Result<Option<Attempted>, CommandError> {
        let Attempt { request, number, key_id, lane } = attempt;
        let key = self.load(key_id).await?;
        // Within a stream time never falls, whatever the clock does.
        let now = key.as_ref().map_or(self.now(), |key| self.now().max(key.changed_at));
        let Decision { events, secret } = decide(key.as_ref(), now)?;
        if events.is_empty() {
            let key = key.ok_or(Rejection::NoSuchKey)?;
            return Ok(Some(Attempted { key, secret: None, prefix: None, recorded: false }));
        }
        let prefix = events.iter().find_map(new_prefix);
        let revision = Revision::after(key.as_ref().map(|key| Revision::new(key.revision)));
        let decided = Decided {
            stream: Stream::Key(key_id),
            revision,
            number,
            occurred_at: now,
            bodies: events.iter().cloned().map(Body::Key).collect(),
            verifier: secret.as_ref().map(|secret| self.verifier(secret)),
            lane,
        };
        let Outcome::Recorded(position) = self.append(request, decided).await? else { return Ok(None) };
        let key = after(key, &events, request, Happening { key_id, revision, position, at: now });
        let key = key.ok_or_else(|| Failure::Damaged("what was recorded makes no key".to_owned()))?;
        Ok(Some(Attempted { key, secret, prefix, recorded: true }))
    }

    /// The key of a request that was recorded before, as it is now.
    async fn replay(&self, request: &Request, key_id: KeyId) -> Result<Option<Attempted>, CommandError> {
        let Some(first) = self.recorded(request, 0).await? else { return Ok(None) };
        if first.event.stream != Stream::Key(key_id) {
            return Err(Refusal::IdempotencyKeyReused.into());
        }
        let key = self.load(key_id).await?.ok_or(Rejection::NoSuchKey)?;
        let prefix = match &first.event.body {
            Body::Key(event) => new_prefix(event),
            Body::Catalogue(_) | Body::Unreadable(_) => None,
        };
        Ok(Some(Attempted { key, secret: None, prefix, recorded: true }))
    }

    /// Waits until the readers have applied the last event of a key that got a secret.
    pub(crate) async fn settle_minted(&self, attempted: Attempted) -> Minted {
        let Attempted { key, secret, prefix, recorded: _ } = attempted;
        Minted { changed: self.settle(key).await, secret, prefix }
    }

    /// Waits until the readers have applied what a key is in the log. Whoever is refused for that learns it by the refusal, and
    /// must not find the validator of this process to think otherwise afterwards.
    async fn catch_up_with(&self, key_id: KeyId) {
        if let Ok(Some(key)) = self.load(key_id).await {
            self.applied(Position::new(key.position)).await;
        }
    }

    /// Waits until the readers have applied the key's last event.
    pub(crate) async fn settle(&self, key: Key) -> Changed {
        let applied = self.applied(Position::new(key.position)).await;
        Changed { key, applied }
    }

    /// A new secret, with its prefix.
    pub(crate) fn mint(&self) -> (PlaintextSecret, Prefix) {
        let secret = PlaintextSecret::mint(self.parts().marker, self.parts().randomness.as_ref());
        let prefix = Prefix::parse(&secret.prefix()).expect("a secret begins with a prefix");
        (secret, prefix)
    }

    fn verifier(&self, secret: &PlaintextSecret) -> Verifier {
        let (pepper_id, pepper) = self.parts().keyring.pepper();
        Verifier { pepper_id, digest: pepper.digest(secret).to_bytes() }
    }
}

impl KeyRef {
    /// The key that is meant: another partner's is not there.
    pub(crate) fn find<'a>(&self, key: Option<&'a Key>) -> Result<&'a Key, Rejection> {
        key.filter(|key| key.partner_id == self.partner_id).ok_or(Rejection::NoSuchKey)
    }
}

/// Where and when the first of several events happened; `position` is the last one's.
struct Happening {
    key_id: KeyId,
    revision: Revision,
    position: Position,
    at: Timestamp,
}

/// The key after events that were just recorded. All carry the last one's position, which is the one that stays.
fn after(key: Option<Key>, events: &[KeyEvent], request: &Request, first: Happening) -> Option<Key> {
    let position = first.position.get();
    (first.revision.get()..).zip(events).fold(key, |key, (revision, event)| {
        let happened =
            Happened { key_id: first.key_id, revision, position, at: first.at, by: &request.actor };
        evolve(key, Some(event), happened)
    })
}
