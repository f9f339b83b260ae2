//! The peppers of the keyring, under which secrets are recognised.

use keyledger_domain::envelope::PepperId;
use keyledger_secret::{Digest, Pepper, PlaintextSecret};

/// The peppers that the keyring holds now.
#[derive(Default)]
pub(crate) struct Peppers(Vec<(PepperId, Pepper)>);

impl Peppers {
    pub(crate) fn new(peppers: Vec<(PepperId, Pepper)>) -> Self {
        Self(peppers)
    }

    pub(crate) fn get(&self, id: PepperId) -> Option<&Pepper> {
        self.0.iter().find(|(known, _)| *known == id).map(|(_, pepper)| pepper)
    }

    /// Takes as long as recognising a secret does, where there is no slot or no pepper to recognise it by: that must not be
    /// told by the time of the answer.
    pub(crate) fn recognise_nothing(&self, secret: &PlaintextSecret) {
        if let Some((_, pepper)) = self.0.first() {
            std::hint::black_box(pepper.digest(secret).matches(&Digest::new([0; 32])));
        }
    }
}
