//! The rules by which a request is judged, in the order in which they are tried.

use serde::{Deserialize, Serialize};

use crate::Timestamp;

/// What was found of a key that came with a request: the first of these that holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Code {
    /// It is no secret: wrong shape, marker or checksum.
    Malformed,
    /// No such prefix, or a wrong secret for it.
    Unknown,
    /// Its key was revoked.
    Revoked,
    /// A newer secret took its place and its overlap is over.
    Superseded,
    /// Its key has expired.
    Expired,
    /// Its key belongs to another partner than the request is about.
    WrongPartner,
    /// Its key lacks a scope that the request needs.
    InsufficientScope,
    /// Its key's bucket is empty.
    Throttled,
    /// The request may go on.
    Valid,
}

impl Code {
    /// All codes, in the order in which they are tried.
    pub const ALL: [Self; 9] = [
        Self::Malformed,
        Self::Unknown,
        Self::Revoked,
        Self::Superseded,
        Self::Expired,
        Self::WrongPartner,
        Self::InsufficientScope,
        Self::Throttled,
        Self::Valid,
    ];

    /// The code as the API writes it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Malformed => "MALFORMED",
            Self::Unknown => "UNKNOWN",
            Self::Revoked => "REVOKED",
            Self::Superseded => "SUPERSEDED",
            Self::Expired => "EXPIRED",
            Self::WrongPartner => "WRONG_PARTNER",
            Self::InsufficientScope => "INSUFFICIENT_SCOPE",
            Self::Throttled => "THROTTLED",
            Self::Valid => "VALID",
        }
    }
}

/// Until when one secret of a key works, apart from the key itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Standing {
    /// It is the key's newest secret.
    Current,
    /// A newer one took its place; it works until this moment and not at it.
    Overlapping(Timestamp),
    /// An event ended it; no clock can bring it back.
    Ended,
}

/// Whether a secret that was recognised still works: the rules REVOKED, SUPERSEDED, EXPIRED. An expiry is the first
/// moment at which the key no longer works.
///
/// # Errors
/// The first rule that refuses it.
pub fn judge_secret(
    revoked: bool,
    standing: Standing,
    expires_at: Option<Timestamp>,
    now: Timestamp,
) -> Result<(), Code> {
    if revoked {
        return Err(Code::Revoked);
    }
    match standing {
        Standing::Current => {}
        Standing::Overlapping(until) if now < until => {}
        Standing::Overlapping(_) | Standing::Ended => return Err(Code::Superseded),
    }
    if expires_at.is_some_and(|expiry| now >= expiry) { Err(Code::Expired) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_rule_that_holds_is_the_verdict() {
        let now = Timestamp::from_millis(1_000);
        let [past, future] = [999, 1_001].map(Timestamp::from_millis);
        let judge = |revoked, standing, expiry| judge_secret(revoked, standing, expiry, now);
        assert_eq!(judge(true, Standing::Ended, Some(past)), Err(Code::Revoked));
        assert_eq!(judge(false, Standing::Ended, Some(past)), Err(Code::Superseded));
        assert_eq!(judge(false, Standing::Overlapping(now), Some(past)), Err(Code::Superseded));
        assert_eq!(judge(false, Standing::Overlapping(future), Some(now)), Err(Code::Expired));
        assert_eq!(judge(false, Standing::Current, Some(past)), Err(Code::Expired));
        assert_eq!(judge(false, Standing::Overlapping(future), Some(future)), Ok(()));
        assert_eq!(judge(false, Standing::Current, None), Ok(()));
    }

    #[test]
    fn codes_are_ordered_as_they_are_tried_and_written_as_serde_writes_them() {
        assert!(Code::ALL.is_sorted());
        for code in Code::ALL {
            assert_eq!(serde_json::to_string(&code).expect("a string"), format!("\"{}\"", code.as_str()));
        }
    }
}
