use keyledger_domain::{Actor, Authority, envelope::Idempotency, key::Key};
use uuid::Uuid;

use crate::{Refusal, ports::Principal};

/// Who wants something, and in which request.
#[derive(Clone, Debug)]
pub struct Request {
    /// The actor of the events that it causes.
    pub actor: Actor,
    /// What they may do.
    pub authority: Authority,
    /// Names the request in events, logs and answers.
    pub request_id: String,
    /// What makes a repetition of the request known as one.
    pub idempotency: Option<IdempotencyKey>,
}

/// An idempotency key, and the request that it was sent with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IdempotencyKey {
    /// 1 to 255 printable ASCII characters.
    pub key: String,
    /// SHA-256 of the method, route and body of the request.
    pub digest: [u8; 32],
}

impl Request {
    /// A request of somebody who was identified.
    #[must_use]
    pub fn of(principal: Principal, request_id: String) -> Self {
        let Principal { actor, authority, .. } = principal;
        Self { actor, authority, request_id, idempotency: None }
    }

    /// The names that follow from the idempotency key in a log.
    pub(crate) fn names(&self, log: Uuid) -> Option<Idempotency<'_>> {
        let IdempotencyKey { key, .. } = self.idempotency.as_ref()?;
        Some(Idempotency { log, principal: &self.actor, key })
    }
}

/// Which revisions of a stream a command is meant for: those of `If-Match`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Revisions {
    /// Whatever it is by now.
    #[default]
    Any,
    /// One of these.
    OneOf(Vec<u64>),
}

impl Revisions {
    /// Refuses a revision that is not meant.
    pub(crate) fn admit(&self, revision: u64) -> Result<(), Refusal> {
        match self {
            Self::OneOf(revisions) if !revisions.contains(&revision) => Err(Refusal::Stale),
            Self::Any | Self::OneOf(_) => Ok(()),
        }
    }

    /// Refuses a key that is not at a meant revision.
    pub(crate) fn admit_key(&self, key: &Key) -> Result<(), Refusal> {
        self.admit(key.revision)
    }
}
