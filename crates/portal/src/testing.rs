//! What the tests of this crate share.
#![cfg(test)]

use std::sync::{
    Arc,
    atomic::{AtomicU8, Ordering},
};

use keyledger_domain::envelope::{MacKey, MacKeyId, MacKeys};
use keyledger_secret::Randomness;

use crate::people::Keys;

/// Bytes that nobody drew before, and that are the same in every run.
#[derive(Default)]
pub(crate) struct Counting(AtomicU8);

impl Randomness for Counting {
    fn fill(&self, bytes: &mut [u8]) {
        for byte in bytes {
            *byte = self.0.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// The keys of a keyring.
pub(crate) fn keys() -> Keys {
    Arc::new(|| MacKeys::new((MacKeyId(1), MacKey::new([7; 32])), vec![]))
}
