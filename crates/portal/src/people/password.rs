use std::fmt;

use argon2::{Argon2, PasswordHasher as _, PasswordVerifier as _, password_hash::phc::PasswordHash as Phc};
use keyledger_secret::Randomness;
use zeroize::Zeroizing;

use super::readable;

/// A password as somebody typed it. It has neither `Debug` nor `Display`, and is wiped.
pub struct Password(Zeroizing<String>);

/// The text cannot be a password.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must have {} to {} characters", Password::SHORTEST, Password::LONGEST)]
pub struct InvalidPassword;

/// What is kept of a password: argon2id in PHC form.
#[derive(Clone, PartialEq, Eq)]
pub struct PasswordHash(pub(super) String);

/// How many random bytes go into each.
const SALT: usize = 16;

impl Password {
    /// NIST SP 800-63B asks for at least 15 where nothing else is asked for; and for no rules about kinds of characters.
    pub const SHORTEST: usize = 15;
    /// More would only let somebody keep the machine busy.
    pub const LONGEST: usize = 128;

    /// A password for somebody, as they chose it.
    ///
    /// # Errors
    /// [`InvalidPassword`].
    pub fn choose(text: Zeroizing<String>) -> Result<Self, InvalidPassword> {
        if (Self::SHORTEST..=Self::LONGEST).contains(&text.chars().count()) {
            Ok(Self(text))
        } else {
            Err(InvalidPassword)
        }
    }

    /// A password that is drawn for somebody, and as it is shown to them: 20 letters and digits, 99 bits.
    #[must_use]
    pub fn draw(randomness: &dyn Randomness) -> (Self, Zeroizing<String>) {
        let text = Zeroizing::new(readable::draw(randomness, 20));
        (Self(text.clone()), text)
    }

    /// A password that is to be compared with one. One that is too long to be any is wrong, and costs nothing.
    #[must_use]
    pub fn typed(text: Zeroizing<String>) -> Self {
        Self(text)
    }

    /// What is kept of it. It takes tens of milliseconds and 19 MiB, on purpose.
    #[must_use]
    pub fn hash(&self, randomness: &dyn Randomness) -> PasswordHash {
        let mut salt = [0; SALT];
        randomness.fill(&mut salt);
        let hash = argon2().hash_password_with_salt(self.0.as_bytes(), &salt);
        PasswordHash(hash.expect("the parameters and the salt are argon2's own").to_string())
    }
}

impl PasswordHash {
    /// One that no password fits, for somebody who is not there: it takes as long to be compared with.
    #[must_use]
    pub fn of_nobody(randomness: &dyn Randomness) -> Self {
        let mut text = [0; 32];
        randomness.fill(&mut text);
        Password(Zeroizing::new(hex::encode(text))).hash(randomness)
    }

    /// Whether it was made of this password.
    #[must_use]
    pub fn fits(&self, password: &Password) -> bool {
        password.0.chars().count() <= Password::LONGEST
            && Phc::new(&self.0)
                .is_ok_and(|hash| argon2().verify_password(password.0.as_bytes(), &hash).is_ok())
    }
}

impl fmt::Debug for PasswordHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PasswordHash(…)")
    }
}

/// Argon2id with the parameters of the crate, which are those that OWASP names: 19 MiB, two passes, one lane.
fn argon2() -> Argon2<'static> {
    Argon2::default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Counting;

    fn password(text: &str) -> Password {
        Password::typed(Zeroizing::new(text.to_owned()))
    }

    #[test]
    fn a_password_fits_its_hash_alone() {
        let randomness = Counting::default();
        let hash = password("correct horse battery").hash(&randomness);
        assert!(hash.0.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{}", hash.0);
        assert!(hash.fits(&password("correct horse battery")));
        for wrong in ["correct horse batterz", "", "CORRECT HORSE BATTERY"] {
            assert!(!hash.fits(&password(wrong)));
        }
        assert_ne!(hash, password("correct horse battery").hash(&randomness), "salted");
        assert!(!PasswordHash::of_nobody(&randomness).fits(&password("")));
        assert!(!PasswordHash("nonsense".to_owned()).fits(&password("nonsense")));
    }

    #[test]
    fn a_password_is_long_enough_and_not_too_long() {
        let choose = |length| Password::choose(Zeroizing::new("ä".repeat(length))).map(drop);
        assert_eq!(
            [14, 15, 128, 129].map(choose),
            [Err(InvalidPassword), Ok(()), Ok(()), Err(InvalidPassword)]
        );
    }
}
