//! What the command service asks of the rest of the house; the root crate fulfils it.

use std::time::Duration;

use async_trait::async_trait;
use keyledger_domain::{
    Actor, Authority, KeyId, PartnerId, Prefix, Scope, Timestamp,
    actor::ActorKind,
    envelope::{MacKeys, PepperId},
    key::{Key, Status},
};
use keyledger_event_log::Position;
use keyledger_secret::Pepper;

/// Tells who asks: the same index of keys by which the validator judges.
pub trait Gatekeeper: Send + Sync {
    /// Whose key these bytes are. It spends nothing of the key's throttle.
    ///
    /// # Errors
    /// [`Unidentified`]: nobody, or it cannot be known now.
    fn identify(&self, api_key: &[u8]) -> Result<Principal, Unidentified>;

    /// Whether the secret with this prefix still works. A live stream of events ends with the secret that opened it.
    fn stands(&self, prefix: Prefix) -> bool;
}

/// Who asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Principal {
    /// The management key that was presented.
    pub key_id: KeyId,
    /// The prefix of that one of its secrets which was.
    pub prefix: Prefix,
    /// What it may do.
    pub authority: Authority,
    /// The actor of the events that it causes.
    pub actor: Actor,
}

impl Principal {
    /// The holder of a management key.
    #[must_use]
    pub fn key(key_id: KeyId, prefix: Prefix, authority: Authority) -> Self {
        let actor = Actor { kind: ActorKind::Key, id: key_id.to_string() };
        Self { key_id, prefix, authority, actor }
    }
}

/// Why nobody was identified.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unidentified {
    /// No working key: malformed, unknown, revoked, superseded or expired, all the same.
    Unknown,
    /// The index is loading, or was cut off from the log for too long.
    CannotKnow,
}

/// Lists of keys: a read model that follows the log, so it may be a moment behind.
#[async_trait]
pub trait KeyLists: Send + Sync {
    /// A page of a partner's keys, newest first, revoked ones too.
    ///
    /// # Errors
    /// [`ListError`].
    async fn list(&self, query: ListKeys<'_>) -> Result<KeyPage, ListError>;

    /// The partners that have or had a key, in the order of their names: at most `limit` behind `after`.
    ///
    /// # Errors
    /// [`ListError::Unavailable`].
    async fn partners(&self, after: Option<&PartnerId>, limit: usize) -> Result<Vec<PartnerId>, ListError>;

    /// Whether there is such a key, whoever's it is.
    ///
    /// # Errors
    /// [`ListError::Unavailable`].
    async fn knows(&self, key_id: KeyId) -> Result<bool, ListError>;

    /// Every key that has or had a secret with this prefix: one, or none; more only in a log that was tampered with.
    ///
    /// # Errors
    /// [`ListError::Unavailable`].
    async fn by_prefix(&self, prefix: Prefix) -> Result<Vec<Key>, ListError>;

    /// A step of the walk over the keys of a partner that were created at or before a position, revoked ones too: those
    /// behind `after`, at most `limit`, in an order that stays the same for the same position. It has ended where a step
    /// is empty.
    ///
    /// # Errors
    /// [`ListError::Unavailable`].
    async fn of_partner(
        &self,
        partner: &PartnerId,
        created_up_to: Position,
        after: Option<KeyId>,
        limit: usize,
    ) -> Result<Vec<Key>, ListError>;

    /// How many keys of a partner are active at a moment.
    ///
    /// # Errors
    /// [`ListError::Unavailable`].
    async fn count_live(&self, partner: &PartnerId, now: Timestamp) -> Result<u64, ListError>;

    /// The keys that may operate the registry and are active at a moment.
    ///
    /// # Errors
    /// [`ListError::Unavailable`].
    async fn operator_keys(&self, now: Timestamp) -> Result<Vec<KeyId>, ListError>;

    /// A step of the walk over the keys that are not revoked and hold exactly this scope: those behind `after`, at most
    /// `limit`, in an order that stays the same. It has ended where a step is empty.
    ///
    /// # Errors
    /// [`ListError::Unavailable`].
    async fn holding(&self, scope: &Scope, after: Option<KeyId>, limit: usize)
    -> Result<Vec<Key>, ListError>;
}

/// Which page of a partner's keys.
#[derive(Clone, Copy, Debug)]
pub struct ListKeys<'a> {
    /// Whose keys.
    pub partner: &'a PartnerId,
    /// Only those that are this at `now`.
    pub status: Option<Status>,
    /// Only those whose name holds this, or whose present prefix begins so; capitals do not count.
    pub search: Option<&'a str>,
    /// The moment at which expiry is judged.
    pub now: Timestamp,
    /// At most so many: 1 to 200.
    pub limit: usize,
    /// Where the page before ended, as its `next_cursor` said.
    pub cursor: Option<&'a str>,
}

/// A page of keys.
#[derive(Clone, Debug, Default)]
pub struct KeyPage {
    /// The keys.
    pub keys: Vec<Key>,
    /// Where the next page begins; none on the last one.
    pub next_cursor: Option<String>,
}

/// Why there is no list.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ListError {
    /// The cursor is none that a page ended with.
    #[error("the cursor is not one that a page ended with")]
    BadCursor,
    /// The read model does not answer.
    #[error("the lists cannot be read: {0}")]
    Unavailable(String),
}

/// When secrets were last used. The validator keeps it beside the log, so it is nothing to decide by and no evidence: a
/// crash takes the last minutes away.
#[async_trait]
pub trait LastUsed: Send + Sync {
    /// For the secret of each of these prefixes, in their order, the minute of the last request that the validator
    /// allowed with it; none where it knows of none. Each secret of a key has a time of its own, so that an overlap shows
    /// whether the old one is still in use.
    ///
    /// # Errors
    /// [`LastUsedUnavailable`]: then a secret must not be shown as never used.
    async fn last_used(&self, prefixes: &[Prefix]) -> Result<Vec<Option<Timestamp>>, LastUsedUnavailable>;
}

/// When secrets were last used cannot be told at the moment.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("when secrets were last used cannot be told: {0}")]
pub struct LastUsedUnavailable(pub String);

/// The readers that a command is waited for: the key index of the validator in this process, and the lists.
#[async_trait]
pub trait Readers: Send + Sync {
    /// Waits until every one of them has applied the event at `position`, at most for `patience`; says whether they
    /// have.
    async fn applied(&self, position: Position, patience: Duration) -> bool;

    /// The key that a prefix names, by the key index: for an emergency in which the lists do not answer. None where it
    /// knows of none.
    fn named_by(&self, prefix: Prefix) -> Option<KeyId>;
}

/// The key index of this process, to be had as a snapshot by validators that start.
#[async_trait]
pub trait Snapshots: Send + Sync {
    /// The index as it is now, in bytes that only the keyring can make.
    ///
    /// # Errors
    /// One sentence, where there is none to be had.
    async fn take(&self) -> Result<Vec<u8>, String>;
}

/// A read model that the command service answers by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReadModel {
    /// The index by which it tells who asks; the validator of `serve` judges by the same.
    KeyIndex,
    /// The lists.
    PartnerKeys,
}

impl ReadModel {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::KeyIndex, Self::PartnerKeys];

    /// What it is called.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::KeyIndex => "key_index",
            Self::PartnerKeys => "partner_keys",
        }
    }
}

/// What the read models hold, to be compared with what the log says.
pub trait Projections: Send + Sync {
    /// Tells everything of a model but what recognises secrets, as it is at one moment: a line that says which model and
    /// up to which event, then one JSON object a line, in an order that the content alone decides. `line` says whether it
    /// wants more. It blocks.
    ///
    /// # Errors
    /// One sentence, where the model does not answer, or not to the end.
    fn tell(&self, model: ReadModel, line: &mut dyn FnMut(&str) -> bool) -> Result<(), String>;
}

/// The transparency log, as a signer keeps it.
#[async_trait]
pub trait Transparency: Send + Sync {
    /// The newest checkpoint; none where none was signed.
    ///
    /// # Errors
    /// One sentence, where nobody can tell.
    async fn checkpoint(&self) -> Result<Option<Vec<u8>>, String>;

    /// The key by which checkpoints are recognised, in a line; none where none was signed.
    ///
    /// # Errors
    /// One sentence, where nobody can tell.
    async fn verifier_key(&self) -> Result<Option<Vec<u8>>, String>;

    /// The tile at a path that begins with `tile/`; none where there is none, or the newest checkpoint does not cover it.
    ///
    /// # Errors
    /// One sentence, where nobody can tell.
    async fn tile(&self, path: &str) -> Result<Option<Vec<u8>>, String>;
}

/// The keys of the keyring. They may change while the service runs, so they are asked for with each command.
pub trait Keyring: Send + Sync {
    /// The pepper that recognises new secrets, with its id.
    fn pepper(&self) -> (PepperId, Pepper);

    /// The keys that authenticate events.
    fn mac_keys(&self) -> MacKeys;
}
