use super::Key;
use crate::{
    Reason,
    event::{KeyEvent, KeyRevoked},
};

/// End a key and all its secrets for good.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RevokeKey {
    /// Why, in somebody's words.
    pub reason: Option<Reason>,
}

impl RevokeKey {
    /// Never refused, and nothing where it is done already: whoever takes a key away must not be held up.
    pub(super) fn decide(self, key: &Key) -> Vec<KeyEvent> {
        if key.revoked.is_some() {
            return Vec::new();
        }
        vec![KeyEvent::Revoked(KeyRevoked { partner_id: key.partner_id.clone(), reason: self.reason })]
    }
}
