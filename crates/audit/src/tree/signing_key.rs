use ed25519_dalek::{Signer as _, SigningKey as Ed25519};
use signed_note::Signer;

use super::{Origin, VerifierKey};

/// The key that signs checkpoints: Ed25519. It cannot be printed.
pub struct SigningKey(Ed25519);

impl SigningKey {
    /// The key that follows from 32 random bytes.
    #[must_use]
    pub fn from_seed(seed: [u8; 32]) -> Self {
        Self(Ed25519::from_bytes(&seed))
    }

    /// What others recognise its signatures by.
    #[must_use]
    pub fn verifier_key(&self) -> VerifierKey {
        VerifierKey::new(self.0.verifying_key())
    }

    /// The key under the name that a log has in a life: notes name the key that signed them.
    pub(super) fn named(&self, origin: Origin) -> impl Signer {
        Named { key: self.0.clone(), name: origin.to_string(), id: self.verifier_key().id(origin) }
    }
}

struct Named {
    key: Ed25519,
    name: String,
    id: u32,
}

impl Signer for Named {
    fn name(&self) -> &str {
        &self.name
    }

    fn key_id(&self) -> u32 {
        self.id
    }

    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, ed25519_dalek::SignatureError> {
        Ok(self.key.try_sign(message)?.to_vec())
    }
}
