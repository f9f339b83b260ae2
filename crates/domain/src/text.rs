//! What people write about keys. It stays in the history for ever.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A text that people write broke a rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidText {
    /// There is none, or only white space.
    #[error("must not be empty")]
    Empty,
    /// It is too long.
    #[error("must have at most {0} characters")]
    TooLong(usize),
    /// It could hide or reorder what a reader sees.
    #[error("must not hold control characters or characters that change the direction of writing")]
    Unprintable,
}

/// Characters by which a text could pretend to be another one: controls, and Unicode's bidirectional controls (UAX #9).
fn is_deceiving(character: char) -> bool {
    character.is_control()
        || matches!(character, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

fn check(text: &str, most: usize) -> Result<(), InvalidText> {
    if text.trim().is_empty() {
        Err(InvalidText::Empty)
    } else if text.chars().count() > most {
        Err(InvalidText::TooLong(most))
    } else if text.chars().any(is_deceiving) {
        Err(InvalidText::Unprintable)
    } else {
        Ok(())
    }
}

macro_rules! text {
    ($(#[$doc:meta])* $name:ident, $most:literal) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
        #[cfg_attr(test, derive(schemars::JsonSchema))]
        #[serde(try_from = "String")]
        #[cfg_attr(test, schemars(with = "String", extend("minLength" = 1, "maxLength" = $most)))]
        pub struct $name(String);

        impl $name {
            /// Takes a text as it is written: nothing is trimmed.
            ///
            /// # Errors
            /// [`InvalidText`], naming the broken rule.
            pub fn parse(text: &str) -> Result<Self, InvalidText> {
                check(text, $most).map(|()| Self(text.to_owned()))
            }

            /// The text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl TryFrom<String> for $name {
            type Error = InvalidText;
            fn try_from(text: String) -> Result<Self, InvalidText> {
                check(&text, $most).map(|()| Self(text))
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

text!(
    /// What people call a key: 1 to 100 characters.
    KeyName,
    100
);
text!(
    /// Why a key was revoked: 1 to 500 characters.
    Reason,
    500
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_has_one_to_a_hundred_honest_characters() {
        assert!(KeyName::parse("Büro Köln \u{1f511}").is_ok());
        assert!(KeyName::parse(&"\u{1f511}".repeat(100)).is_ok());
        assert_eq!(KeyName::parse(&"a".repeat(101)), Err(InvalidText::TooLong(100)));
        assert_eq!(KeyName::parse(" \u{3000}"), Err(InvalidText::Empty));
        for bad in ["a\nb", "a\0", "\u{202e}gnp", "a\u{2066}b", "a\u{85}", "a\u{7f}"] {
            assert_eq!(KeyName::parse(bad), Err(InvalidText::Unprintable), "{bad:?}");
        }
    }

    #[test]
    fn a_reason_has_up_to_five_hundred_characters() {
        assert!(Reason::parse(&"x".repeat(500)).is_ok());
        assert_eq!(Reason::parse(&"x".repeat(501)), Err(InvalidText::TooLong(500)));
    }
}
