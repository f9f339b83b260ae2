use std::fmt;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

/// Which pepper of the keyring a verifier was made with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PepperId(pub u32);

impl fmt::Display for PepperId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:08x}", self.0)
    }
}

/// What a secret is recognised by: its digest, and the pepper that made it. The digest is never printed.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Verifier {
    /// Which pepper.
    pub pepper_id: PepperId,
    /// BLAKE3 of the secret, keyed with it.
    pub digest: [u8; 32],
}

impl fmt::Debug for Verifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Verifier(pepper {})", self.pepper_id)
    }
}

/// The private part of an event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Private {
    /// Random bytes, so that nobody can find the rest by trying what hashes to `sealed`.
    pub nonce: [u8; 16],
    /// What the secret that came with this event is recognised by.
    pub verifier: Option<Verifier>,
    /// SHA-256 of the request's route and body, where it carried an idempotency key.
    pub request_digest: Option<[u8; 32]>,
}

/// How [`Private`] is written.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Written {
    nonce: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    verifier: Option<WrittenVerifier>,
    #[serde(skip_serializing_if = "Option::is_none")]
    request_digest: Option<String>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct WrittenVerifier {
    alg: String,
    pepper_id: String,
    digest: String,
}

/// The one way there is to make a verifier's digest.
const ALG: &str = "blake3-keyed";

impl Private {
    /// The bytes to keep: JSON, with binary values in hexadecimal.
    pub(super) fn to_bytes(&self) -> Vec<u8> {
        let written = Written {
            nonce: hex::encode(self.nonce),
            verifier: self.verifier.map(|verifier| WrittenVerifier {
                alg: ALG.to_owned(),
                pepper_id: verifier.pepper_id.to_string(),
                digest: hex::encode(verifier.digest),
            }),
            request_digest: self.request_digest.map(hex::encode),
        };
        serde_json::to_vec(&written).expect("a struct of strings is JSON")
    }

    /// Reads bytes that were kept; none where they are not a private part that this build knows.
    pub(super) fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let written: Written = serde_json::from_slice(bytes).ok()?;
        let verifier = match written.verifier {
            None => None,
            Some(verifier) if verifier.alg == ALG => Some(Verifier {
                pepper_id: PepperId(u32::from_str_radix(&verifier.pepper_id, 16).ok()?),
                digest: array(&verifier.digest)?,
            }),
            Some(_) => return None,
        };
        let request_digest = match written.request_digest {
            None => None,
            Some(digest) => Some(array(&digest)?),
        };
        Some(Self { nonce: array(&written.nonce)?, verifier, request_digest })
    }
}

/// What the public part says of the private one: SHA-256 in hexadecimal.
pub(super) fn seal_of(private: &[u8]) -> String {
    hex::encode(Sha256::digest(private))
}

fn array<const N: usize>(text: &str) -> Option<[u8; N]> {
    let mut bytes = [0; N];
    hex::decode_to_slice(text, &mut bytes).ok()?;
    Some(bytes)
}
