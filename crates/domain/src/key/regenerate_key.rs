use super::{Key, Rejection, Situation};
use crate::{
    Prefix,
    event::{KeyEvent, KeyRegenerated, SupersededSecret},
};

/// Give a key a new secret that begins with `prefix`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RegenerateKey {
    /// The prefix of the minted secret.
    pub prefix: Prefix,
    /// How long the present secret goes on working; where the newest is replaced it does not.
    pub overlap: Overlap,
    /// Which live secret to give up.
    pub replace: Option<Replace>,
}

/// Which live secret a regenerate gives up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Replace {
    /// The superseded one: the newest goes on working for the overlap.
    Oldest,
    /// The newest, which was never deployed because the answer that showed it got lost: it dies at once, and the
    /// superseded one keeps the end it had.
    Newest,
}

/// How long a superseded secret goes on working: 0 to 604,800 seconds (7 days).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Overlap(u32);

/// The overlap is out of its range.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be between 0 and 604800 seconds")]
pub struct InvalidOverlap;

impl Overlap {
    /// The longest overlap: seven days.
    pub const MAX_SECONDS: u32 = 604_800;

    /// The overlap where none was chosen: a day.
    pub const DEFAULT: Self = Self(86_400);

    /// An overlap of so many seconds.
    ///
    /// # Errors
    /// [`InvalidOverlap`] above seven days.
    pub const fn seconds(seconds: u32) -> Result<Self, InvalidOverlap> {
        if seconds > Self::MAX_SECONDS { Err(InvalidOverlap) } else { Ok(Self(seconds)) }
    }
}

impl RegenerateKey {
    pub(super) fn decide(self, key: &Key, situation: Situation<'_>) -> Result<Vec<KeyEvent>, Rejection> {
        key.must_live(situation.now)?;
        situation.may_grant_all(&key.scopes, &key.partner_id)?;
        let running = key.overlapping(situation.now).copied();
        let superseded_secrets = match self.replace {
            None if key.overlapping(situation.now).next().is_some() => return Err(Rejection::OverlapRunning),
            None | Some(Replace::Oldest) => self.supersede(key, situation).into_iter().collect(),
            Some(Replace::Newest) => running.collect(),
        };
        let partner_id = key.partner_id.clone();
        Ok(vec![KeyEvent::Regenerated(KeyRegenerated {
            partner_id,
            prefix: self.prefix,
            superseded_secrets,
        })])
    }

    /// The present secret with the end of its overlap, never past the key's expiry; none where it dies at once.
    fn supersede(self, key: &Key, situation: Situation<'_>) -> Option<SupersededSecret> {
        let end = situation.now.plus_seconds(self.overlap.0);
        let valid_until = key.expires_at.map_or(end, |expiry| end.min(expiry));
        (valid_until > situation.now).then_some(SupersededSecret { prefix: key.prefix, valid_until })
    }
}
