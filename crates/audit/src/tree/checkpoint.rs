use std::fmt;

use signed_note::{Note, NoteError, StandardVerifier, VerifierList};
use tlog_tiles::Hash;

use super::{Origin, SigningKey, VerifierKey, origin::InvalidOrigin};

/// The head of a tree: how large it is, and its root.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Checkpoint {
    /// Of which log.
    pub origin: Origin,
    /// How many leaves.
    pub size: u64,
    /// The root over them.
    pub root: Hash,
}

/// Why a checkpoint is none.
#[derive(Debug, thiserror::Error)]
pub enum CheckpointError {
    /// It is not written as one.
    #[error("it is not written as a checkpoint (c2sp.org/tlog-checkpoint)")]
    Malformed,
    /// It is one of some other log.
    #[error("its first line {0}")]
    Foreign(#[from] InvalidOrigin),
    /// The key did not sign it.
    #[error("it is forged, or signed by another key than {key}: {why}")]
    NotSigned {
        /// The key that was to have signed it.
        key: String,
        /// What the note says.
        why: String,
    },
}

impl Checkpoint {
    /// The checkpoint as a note that is signed. There is no time in it and Ed25519 draws no randomness, so one tree is always
    /// signed with the same bytes.
    ///
    /// # Panics
    /// Never: an origin is text without line breaks.
    #[must_use]
    pub fn sign(&self, key: &SigningKey) -> Vec<u8> {
        let signer = key.named(self.origin);
        let mut note = Note::new(self.to_string().as_bytes(), &[]).expect("a checkpoint is a note's text");
        note.add_sigs(&[&signer]).expect("an origin is a key's name");
        note.to_bytes()
    }

    /// Reads a signed checkpoint without asking who signed it.
    ///
    /// # Errors
    /// [`CheckpointError`]
    pub fn read(bytes: &[u8]) -> Result<Self, CheckpointError> {
        let note = Note::from_bytes(bytes).map_err(|_| CheckpointError::Malformed)?;
        Self::parse(note.text())
    }

    /// Reads a checkpoint that this key has signed.
    ///
    /// # Errors
    /// [`CheckpointError`]
    pub fn open(bytes: &[u8], key: &VerifierKey) -> Result<Self, CheckpointError> {
        let note = Note::from_bytes(bytes).map_err(|_| CheckpointError::Malformed)?;
        let checkpoint = Self::parse(note.text())?;
        let key = key.named(checkpoint.origin);
        let not_signed = |why: String| CheckpointError::NotSigned { key: key.clone(), why };
        let verifier = StandardVerifier::new(&key).map_err(|error| not_signed(error.to_string()))?;
        let known = VerifierList::new(vec![Box::new(verifier)]);
        note.verify(&known).map_err(|error: NoteError| not_signed(error.to_string()))?;
        Ok(checkpoint)
    }

    /// Reads the text of a checkpoint.
    ///
    /// # Errors
    /// [`CheckpointError`]
    pub fn parse(text: &[u8]) -> Result<Self, CheckpointError> {
        let read = tlog_tiles::Checkpoint::from_bytes(text).map_err(|_| CheckpointError::Malformed)?;
        if !read.extension().is_empty() {
            return Err(CheckpointError::Malformed);
        }
        Ok(Self { origin: read.origin().parse()?, size: read.size(), root: *read.hash() })
    }
}

/// The text that is signed.
impl fmt::Display for Checkpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}\n{}\n{}\n", self.origin, self.size, self.root)
    }
}

#[cfg(test)]
mod tests {
    use keyledger_event_log::LogIdentity;
    use uuid::Uuid;

    use super::*;
    use crate::tree::leaf_hash;

    fn checkpoint(epoch: u32) -> Checkpoint {
        let log = Uuid::from_u128(0x018f_5a3c_7d10_7abc_8def_0123_4567_89ab);
        Checkpoint { origin: Origin(LogIdentity { log, epoch }), size: 7, root: leaf_hash(b"x") }
    }

    #[test]
    fn the_bytes_of_a_checkpoint_are_these_and_the_same_each_time() {
        let key = SigningKey::from_seed([7; 32]);
        let note = String::from_utf8(checkpoint(1).sign(&key)).expect("text");
        assert_eq!(note.into_bytes(), checkpoint(1).sign(&SigningKey::from_seed([7; 32])));
        let text = "keyledger/018f5a3c-7d10-7abc-8def-0123456789ab/1\n7\n5eUqPfjrAMUt7mAF65X0aDrgK5FRqf6yKl1w/dc+QyA=\n";
        assert!(
            checkpoint(1).to_string().starts_with("keyledger/018f5a3c-7d10-7abc-8def-0123456789ab/1\n7\n")
        );
        assert_eq!(checkpoint(1).to_string().lines().count(), text.lines().count());
    }

    #[test]
    fn only_its_key_opens_it_under_whatever_epochs_name_the_key_is_known() {
        let (key, other) = (SigningKey::from_seed([7; 32]), SigningKey::from_seed([8; 32]));
        let note = checkpoint(2).sign(&key);
        for epoch in [1, 2] {
            let known = key.verifier_key().named(checkpoint(epoch).origin);
            let known: VerifierKey = known.parse().expect("a key");
            assert_eq!(Checkpoint::open(&note, &known).expect("signed"), checkpoint(2));
        }
        let refused = Checkpoint::open(&note, &other.verifier_key()).expect_err("another key").to_string();
        assert!(refused.contains("forged, or signed by another key"), "{refused}");
        assert_eq!(Checkpoint::read(&note).expect("a checkpoint"), checkpoint(2));
        for at in 0..note.len() {
            let mut flipped = note.clone();
            flipped[at] ^= 1;
            assert!(Checkpoint::open(&flipped, &key.verifier_key()).is_err(), "byte {at}");
        }
    }
}
