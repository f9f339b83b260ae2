use subtle::ConstantTimeEq;
use zeroize::{Zeroize, ZeroizeOnDrop};

use crate::PlaintextSecret;

/// Sets digests of secrets apart from everything else that is ever hashed under a key of the keyring. With the 51
/// characters of a secret its 13 make 64 bytes, one block of BLAKE3: a longer label would cost every request a second.
const LABEL: &[u8] = b"kl verifier 1";

/// A key of the keyring under which digests of secrets are made. Without it a stolen database recognises nothing.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct Pepper([u8; 32]);

impl Pepper {
    /// A pepper from its 32 bytes.
    #[must_use]
    pub const fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The digest by which `secret` is recognised: BLAKE3 keyed with this pepper, over a label and all of the secret.
    #[must_use]
    pub fn digest(&self, secret: &PlaintextSecret) -> Digest {
        let mut message = [0; LABEL.len() + PlaintextSecret::LENGTH];
        message[..LABEL.len()].copy_from_slice(LABEL);
        message[LABEL.len()..].copy_from_slice(&secret.0);
        let digest = blake3::keyed_hash(&self.0, &message);
        message.zeroize();
        Digest(digest.into())
    }
}

/// What is kept of a secret: enough to recognise it, not enough to be it.
#[derive(Clone, Copy)]
pub struct Digest([u8; 32]);

impl Digest {
    /// A digest that was kept.
    #[must_use]
    pub const fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The bytes to keep.
    #[must_use]
    pub const fn to_bytes(self) -> [u8; 32] {
        self.0
    }

    /// Whether both are of the same secret; takes the same time whatever they hold.
    #[must_use]
    pub fn matches(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}
