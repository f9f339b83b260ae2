use crate::Scope;

/// Why a command is refused. A rejection is an answer of the domain, not an error: nothing failed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Rejection {
    /// There is no such key.
    #[error("there is no such key")]
    NoSuchKey,
    /// A key with this id exists already.
    #[error("this key exists already")]
    AlreadyCreated,
    /// The key was revoked, which is final.
    #[error("the key is revoked, which is final; create a new key")]
    KeyRevoked,
    /// The key has expired and can only be renamed or revoked.
    #[error("the key has expired and can only be renamed or revoked; create a new key")]
    KeyExpired,
    /// Two secrets are live already.
    #[error(
        "an overlap is running, so two secrets are live; end it, or say which one to give up with replace"
    )]
    OverlapRunning,
    /// The new expiry is not in the future.
    #[error("the expiry must be in the future")]
    ExpiryNotInFuture,
    /// The catalogue does not define these scopes.
    #[error("the catalogue does not define {}", list(.0))]
    UnknownScopes(Vec<Scope>),
    /// Keys of this partner cannot hold these scopes.
    #[error("keys of this partner cannot hold {}", list(.0))]
    ScopesNotForPartner(Vec<Scope>),
    /// Whoever asks may not hand out every scope that the key has and gets.
    #[error("this needs the right to grant every scope that the key has and gets")]
    MayNotGrant,
    /// One of the key's events cannot be read by this build.
    #[error(
        "a newer release wrote an event of this key that this one cannot read; upgrade, or revoke the key"
    )]
    KeyUnreadable,
}

fn list(scopes: &[Scope]) -> String {
    scopes.iter().map(Scope::as_str).collect::<Vec<_>>().join(", ")
}
