//! A key as one who asks for one thing after the other knows it: what each call does to it, and how it is answered.

use std::collections::BTreeSet;

/// A secret of the key, counted from the first.
pub(super) type Secret = usize;

/// What is asked of a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Ask {
    /// What the validator says of one of its secrets, for `client:read`.
    Judge(Secret),
    /// That it may read clients, or may not any more.
    MayRead(bool),
    /// A new secret; the one before goes on working, or ends.
    Regenerate {
        overlap: bool,
    },
    EndOverlap,
    Revoke,
}

/// How it was answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Said {
    /// The code of a verdict.
    Code(&'static str),
    /// Done; at this revision.
    Done(u64),
    /// Done, and here is the new secret.
    NewSecret(Secret, u64),
    /// Refused because the key is revoked.
    Revoked,
}

/// What is known of the key between two calls.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Key {
    revoked: bool,
    may_read: bool,
    newest: Secret,
    /// What still works beside the newest.
    overlapping: BTreeSet<Secret>,
    revision: u64,
}

impl Key {
    /// A key as it was created, with its first secret.
    pub(super) fn new() -> Self {
        Self { revoked: false, may_read: true, newest: 0, overlapping: BTreeSet::new(), revision: 0 }
    }

    /// The key after a call that is carried out now; none where it could not be answered so.
    pub(super) fn after(&self, ask: &Ask, said: &Said) -> Option<Self> {
        let mut next = self.clone();
        let expected = match ask {
            Ask::Judge(secret) => Said::Code(self.judge(*secret)),
            Ask::Revoke => {
                next.revision += u64::from(!self.revoked);
                (next.revoked, next.overlapping) = (true, BTreeSet::new());
                Said::Done(next.revision)
            }
            _ if self.revoked => Said::Revoked,
            Ask::MayRead(may) => {
                next.revision += u64::from(self.may_read != *may);
                next.may_read = *may;
                Said::Done(next.revision)
            }
            Ask::Regenerate { overlap } => {
                // Which one it is, the answer tells.
                let Said::NewSecret(secret, _) = said else { return None };
                next.revision += 1;
                next.newest = *secret;
                next.overlapping = overlap.then_some(self.newest).into_iter().collect();
                Said::NewSecret(*secret, next.revision)
            }
            Ask::EndOverlap => {
                next.revision += u64::from(!self.overlapping.is_empty());
                next.overlapping.clear();
                Said::Done(next.revision)
            }
        };
        (expected == *said).then_some(next)
    }

    fn judge(&self, secret: Secret) -> &'static str {
        match self {
            Self { revoked: true, .. } => "REVOKED",
            _ if secret != self.newest && !self.overlapping.contains(&secret) => "SUPERSEDED",
            Self { may_read: false, .. } => "INSUFFICIENT_SCOPE",
            _ => "VALID",
        }
    }
}
