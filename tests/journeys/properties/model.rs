//! What is expected of a key, told in the simplest way.

use keyledger_tests::Created;

/// A key as the model knows it.
#[derive(Debug)]
pub(super) struct ModelKey {
    pub(super) partner: usize,
    /// Every secret it ever had, oldest first.
    pub(super) secrets: Vec<Created>,
    /// Which of them works beside the newest.
    overlapping: Option<usize>,
    revoked: bool,
}

impl ModelKey {
    pub(super) fn new(partner: usize, created: Created) -> Self {
        Self { partner, secrets: vec![created], overlapping: None, revoked: false }
    }

    /// The newest secret.
    pub(super) fn newest(&self) -> &Created {
        self.secrets.last().expect("a key has a secret")
    }

    /// The status that a regenerate gets.
    pub(super) fn regenerate_status(&self, replace: Option<&str>) -> u16 {
        let refused = self.revoked || (self.overlapping.is_some() && replace.is_none());
        if refused { 409 } else { 200 }
    }

    /// A regenerate was done.
    pub(super) fn regenerated(&mut self, renewed: Created, overlap: u64, replace: Option<&str>) {
        if replace != Some("newest") {
            self.overlapping = (overlap > 0).then_some(self.secrets.len() - 1);
        }
        self.secrets.push(renewed);
    }

    pub(super) fn overlap_ended(&mut self) {
        self.overlapping = None;
    }

    pub(super) fn was_revoked(&mut self) {
        self.revoked = true;
    }

    /// The status that a change gets which only a revoked key refuses.
    pub(super) fn change_status(&self) -> u16 {
        if self.revoked { 409 } else { 200 }
    }

    /// What the validator must say of each secret.
    pub(super) fn verdicts(&self) -> Vec<&'static str> {
        let newest = self.secrets.len() - 1;
        let verdict = |at: usize| {
            if self.revoked {
                "REVOKED"
            } else if at == newest || self.overlapping == Some(at) {
                "VALID"
            } else {
                "SUPERSEDED"
            }
        };
        (0..self.secrets.len()).map(verdict).collect()
    }
}
