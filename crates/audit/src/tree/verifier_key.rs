use std::str::FromStr;

use base64::prelude::{BASE64_STANDARD, Engine as _};
use ed25519_dalek::VerifyingKey;
use signed_note::{StandardVerifier, key_id, new_ed25519_verifier_key};

use super::Origin;

/// What recognises the signatures of a log: public, to be had once by another way than the log itself.
///
/// It is written `name+hash+key`, as Go's `note` and C2SP's tools take it. The name is the log's in one epoch, and the hash
/// follows from both; the key is the same in all epochs, and is what is compared here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VerifierKey(VerifyingKey);

/// The text is no such key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "is no verifier key: give what `keyledger audit verifier-key` prints, keyledger/<log id>/<epoch>+<hash>+<key>"
)]
pub struct InvalidVerifierKey;

/// The algorithm's byte before an Ed25519 key in a note's key.
const ED25519: u8 = 1;

impl VerifierKey {
    pub(super) fn new(key: VerifyingKey) -> Self {
        Self(key)
    }

    /// The key as others take it, for a log in one of its lives.
    #[must_use]
    pub fn named(&self, origin: Origin) -> String {
        new_ed25519_verifier_key(&origin.to_string(), &self.0)
    }

    /// The number by which a note names it.
    pub(super) fn id(&self, origin: Origin) -> u32 {
        key_id(&origin.to_string(), &[&[ED25519], self.0.as_bytes().as_slice()].concat())
    }
}

impl FromStr for VerifierKey {
    type Err = InvalidVerifierKey;

    fn from_str(text: &str) -> Result<Self, InvalidVerifierKey> {
        let text = text.trim();
        // It knows whether name, hash and key belong together, and keeps the key to itself.
        StandardVerifier::new(text).map_err(|_| InvalidVerifierKey)?;
        // The key may hold a + of its own.
        let (name, rest) = text.split_once('+').ok_or(InvalidVerifierKey)?;
        let (_, key) = rest.split_once('+').ok_or(InvalidVerifierKey)?;
        name.parse::<Origin>().map_err(|_| InvalidVerifierKey)?;
        let bytes = BASE64_STANDARD.decode(key).map_err(|_| InvalidVerifierKey)?;
        let (_, key) = bytes.split_first().ok_or(InvalidVerifierKey)?;
        let key = key.try_into().map_err(|_| InvalidVerifierKey)?;
        VerifyingKey::from_bytes(key).map(Self).map_err(|_| InvalidVerifierKey)
    }
}

#[cfg(test)]
mod tests {
    use keyledger_event_log::LogIdentity;
    use uuid::Uuid;

    use super::*;
    use crate::tree::SigningKey;

    #[test]
    fn a_key_is_read_as_it_is_written_whatever_letters_are_in_it() {
        let origin = Origin(LogIdentity { log: Uuid::nil(), epoch: 1 });
        let mut with_plus = 0;
        for seed in 0..64 {
            let key = SigningKey::from_seed([seed; 32]).verifier_key();
            let text = key.named(origin);
            with_plus += usize::from(text.matches('+').count() > 2);
            assert_eq!(text.parse(), Ok(key), "{text}");
            assert_eq!(format!(" {text}\n").parse(), Ok(key), "as a file holds it");
            assert_eq!(text.replacen("/1+", "/2+", 1).parse::<VerifierKey>(), Err(InvalidVerifierKey));
        }
        assert!(with_plus > 0);
        assert_eq!(
            "sum.golang.org+033de0ae+Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8".parse::<VerifierKey>(),
            Err(InvalidVerifierKey)
        );
    }
}
