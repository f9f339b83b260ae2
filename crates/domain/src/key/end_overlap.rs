use super::{Key, Rejection, Situation};
use crate::event::{KeyEvent, KeyOverlapEnded};

/// End every superseded secret of a key now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EndOverlap;

impl EndOverlap {
    /// Nothing where no overlap runs; one that the clock has ended needs no event.
    pub(super) fn decide(self, key: &Key, situation: Situation<'_>) -> Result<Vec<KeyEvent>, Rejection> {
        key.must_live(situation.now)?;
        if key.overlapping(situation.now).next().is_none() {
            return Ok(Vec::new());
        }
        Ok(vec![KeyEvent::OverlapEnded(KeyOverlapEnded { partner_id: key.partner_id.clone() })])
    }
}
