//! A part of the keyring, for a process that recognises no secrets.

use std::path::Path;

use anyhow::bail;

use super::{Keyring, KeyringError, Kind};

impl Keyring {
    /// Writes the keys that authenticate, and no pepper, to another file: where none is, or over an earlier part of the
    /// same keyring.
    ///
    /// # Errors
    /// Where anything else lies there, or the file system refuses.
    pub(crate) fn write_macs(&self, to: &Path) -> anyhow::Result<()> {
        let part = Self { peppers: Vec::new(), ..self.clone() };
        match Self::load(to) {
            Err(KeyringError::Missing(_)) => Ok(part.save_new(to)?),
            Ok(found) if found.log() == self.log() && found.entries(Kind::Pepper).is_empty() => {
                Ok(part.save(to)?)
            }
            _ => bail!(
                "{} holds something else than the MAC keys of this keyring: name another file",
                to.display()
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::keyring;
    use super::*;

    #[test]
    fn the_part_authenticates_what_the_whole_does_and_recognises_nothing() {
        let directory = tempfile::tempdir().expect("a directory");
        let (to, whole) = (directory.path().join("relay"), directory.path().join("whole"));
        let (mut keyring, randomness) = keyring();
        keyring.save_new(&whole).expect("saved");
        keyring.write_macs(&to).expect("written");
        let part = Keyring::load(&to).expect("a keyring");
        assert!(part.peppers().is_empty() && part.entries(Kind::Mac) == keyring.entries(Kind::Mac));
        assert_eq!(part.log(), keyring.log());
        // Again, after a key was added.
        keyring.add(Kind::Mac, &randomness).expect("added");
        keyring.write_macs(&to).expect("written over");
        assert!(Keyring::load(&to).expect("a keyring").entries(Kind::Mac) == keyring.entries(Kind::Mac));
        let refusal =
            keyring.write_macs(&whole).expect_err("a whole keyring is never written over").to_string();
        assert!(refusal.contains("name another file"), "{refusal}");
    }
}
