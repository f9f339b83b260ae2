use zeroize::Zeroize;

use crate::{
    Marker, PlaintextSecret,
    base62::{DIGITS, LETTERS},
    checksum::checksum,
    plaintext::{CHECKED, LENGTH},
};

/// Where unpredictable bytes come from: the operating system's generator in the product, a fixed sequence in tests.
pub trait Randomness: Send + Sync {
    /// Fills `bytes` with bytes that nobody can predict.
    fn fill(&self, bytes: &mut [u8]);
}

impl PlaintextSecret {
    /// A new secret: a random prefix, and 32 random digits (190 bits).
    #[must_use]
    pub fn mint(marker: Marker, randomness: &dyn Randomness) -> Self {
        let mut secret = Self([b'_'; LENGTH]);
        draw(&mut secret.0[..1], LETTERS, randomness);
        draw(&mut secret.0[1..8], DIGITS, randomness);
        secret.0[9..12].copy_from_slice(&marker.bytes());
        draw(&mut secret.0[13..CHECKED], DIGITS, randomness);
        let checksum = checksum(&secret.0[..CHECKED]);
        secret.0[CHECKED..].copy_from_slice(&checksum);
        secret
    }
}

/// Fills `places` with characters of `alphabet`, each as likely as any other: a byte past the last whole multiple of
/// the alphabet's length is thrown away, not folded back.
fn draw(places: &mut [u8], alphabet: &[u8], randomness: &dyn Randomness) {
    let fair = 256 - 256 % alphabet.len();
    let mut pool = [0_u8; 64];
    let mut filled = 0;
    while filled < places.len() {
        randomness.fill(&mut pool);
        for byte in pool.iter().map(|byte| usize::from(*byte)).filter(|byte| *byte < fair) {
            let Some(place) = places.get_mut(filled) else { break };
            *place = alphabet[byte % alphabet.len()];
            filled += 1;
        }
    }
    pool.zeroize();
}
