use keyledger_domain::key::Rejection;
use keyledger_event_log::{AppendError, ReadError};

use crate::{Match, ports::ListError};

/// Why a command did not do what it was asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CommandError {
    /// A rule stands against it; nothing failed.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The machine failed.
    #[error(transparent)]
    Failed(#[from] Failure),
}

/// A rule that stands against a command.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The domain said no: one reason, or every value that cannot be.
    #[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
    Rejected(Vec<Rejection>),
    /// The key was changed since the revision that `If-Match` names.
    #[error("it was changed since the revision that If-Match names; look at it again and decide again")]
    Stale,
    /// Nobody could operate the registry any more.
    #[error(
        "this is the last operator key; nobody could operate the registry without it. Say force to do it nevertheless"
    )]
    LastOperatorKey,
    /// The partner has as many live keys as a partner can have.
    #[error("the partner has {0} live keys, the most there can be; revoke some first")]
    TooManyKeys(u64),
    /// No key has or had a secret with this prefix, or the partner has no keys.
    #[error("no key matches")]
    NoMatch,
    /// Two keys share a prefix, which only a log that was copied together can hold. Nothing was revoked.
    #[error("more than one key matches, so nothing was revoked; revoke the right one by its keyId")]
    Ambiguous(Vec<Match>),
    /// Another request was recorded under this idempotency key.
    #[error("this Idempotency-Key was used for another request; take a new one")]
    IdempotencyKeyReused,
    /// The first request with this idempotency key has no answer yet.
    #[error("a request with this Idempotency-Key is under way; ask again in a moment")]
    IdempotencyKeyInFlight,
}

impl From<Rejection> for Refusal {
    fn from(rejection: Rejection) -> Self {
        Self::Rejected(vec![rejection])
    }
}

impl From<Rejection> for CommandError {
    fn from(rejection: Rejection) -> Self {
        Self::Refused(rejection.into())
    }
}

/// What failed, and what that says about the outcome.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// The log does not answer. Nothing was recorded, and nothing will be.
    #[error("{0}")]
    Unavailable(String),
    /// The lists do not answer, or are behind the log, and the command needs them. Nothing was recorded.
    #[error("{0}")]
    ListsUnavailable(String),
    /// The log may or may not have recorded it. The same request with the same idempotency key finds out.
    #[error("{0}")]
    OutcomeUnknown(String),
    /// Other writers were faster every time. Nothing was recorded.
    #[error("other writers were faster every time")]
    Contended,
    /// The log holds something that must not be believed, or that this release cannot read. Nothing was recorded.
    #[error("{0}")]
    Damaged(String),
}

impl From<ReadError> for Failure {
    fn from(error: ReadError) -> Self {
        match error {
            ReadError::Unavailable(_) => Self::Unavailable(error.to_string()),
            ReadError::Gap { .. } | ReadError::Damaged(_) => Self::Damaged(error.to_string()),
        }
    }
}

impl From<ListError> for Failure {
    fn from(error: ListError) -> Self {
        Self::ListsUnavailable(error.to_string())
    }
}

impl From<AppendError> for Failure {
    fn from(error: AppendError) -> Self {
        match error {
            AppendError::Unavailable(_) => Self::Unavailable(error.to_string()),
            AppendError::OutcomeUnknown(_) => Self::OutcomeUnknown(error.to_string()),
            AppendError::Malformed(_) => Self::Damaged(error.to_string()),
            AppendError::Conflict { .. } | AppendError::ClaimTaken(_) | AppendError::EventIdTaken(_) => {
                Self::Contended
            }
        }
    }
}

impl From<ReadError> for CommandError {
    fn from(error: ReadError) -> Self {
        Self::Failed(error.into())
    }
}

impl From<ListError> for CommandError {
    fn from(error: ListError) -> Self {
        Self::Failed(error.into())
    }
}
