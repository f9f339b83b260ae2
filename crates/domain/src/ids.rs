//! What names a partner, a key and a secret.

use std::{fmt, sync::Arc};

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// The tenant that owns keys: `[A-Za-z0-9][A-Za-z0-9._-]{0,63}`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(try_from = "String")]
#[cfg_attr(test, schemars(with = "String", extend("pattern" = "^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")))]
pub struct PartnerId(Arc<str>);

/// The text does not name a partner.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "is not a partner: give 1 to 64 letters, digits, dots, underscores or hyphens, beginning with a letter or digit"
)]
pub struct InvalidPartnerId;

impl PartnerId {
    /// The reserved partner whose keys administer the registry itself.
    pub const REGISTRY: &'static str = "registry";

    /// A partner by its id.
    ///
    /// # Errors
    /// [`InvalidPartnerId`] where the text is longer than 64 characters or has another character.
    pub fn parse(text: &str) -> Result<Self, InvalidPartnerId> {
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
        let starts_well = text.bytes().next().is_some_and(|first| first.is_ascii_alphanumeric());
        if starts_well && text.len() <= 64 && text.bytes().all(allowed) {
            Ok(Self(text.into()))
        } else {
            Err(InvalidPartnerId)
        }
    }

    /// The reserved partner `registry`.
    #[must_use]
    pub fn registry() -> Self {
        Self(Self::REGISTRY.into())
    }

    /// Whether this is the reserved partner.
    #[must_use]
    pub fn is_registry(&self) -> bool {
        &*self.0 == Self::REGISTRY
    }

    /// The id.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for PartnerId {
    type Error = InvalidPartnerId;
    fn try_from(text: String) -> Result<Self, InvalidPartnerId> {
        Self::parse(&text)
    }
}

impl fmt::Display for PartnerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A key over its whole life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(transparent)]
#[cfg_attr(test, schemars(with = "String", extend("format" = "uuid")))]
pub struct KeyId(pub Uuid);

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.hyphenated().fmt(f)
    }
}

/// The first eight characters of a secret: public, and unique for ever. A letter, then seven letters or digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(try_from = "String", into = "String")]
#[cfg_attr(test, schemars(with = "String", extend("pattern" = "^[A-Za-z][0-9A-Za-z]{7}$")))]
pub struct Prefix([u8; 8]);

/// The text is not a prefix.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("is not a prefix: give the first eight characters of a secret, a letter and seven letters or digits")]
pub struct InvalidPrefix;

impl Prefix {
    /// A prefix from its eight characters.
    ///
    /// # Errors
    /// [`InvalidPrefix`] where there are not eight, or another kind is among them.
    pub fn parse(text: &[u8]) -> Result<Self, InvalidPrefix> {
        let bytes: [u8; 8] = text.try_into().map_err(|_| InvalidPrefix)?;
        if bytes[0].is_ascii_alphabetic() && bytes.iter().all(u8::is_ascii_alphanumeric) {
            Ok(Self(bytes))
        } else {
            Err(InvalidPrefix)
        }
    }

    /// The eight characters.
    #[must_use]
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).expect("a prefix is ASCII")
    }

    /// The eight bytes.
    #[must_use]
    pub const fn to_bytes(self) -> [u8; 8] {
        self.0
    }
}

impl TryFrom<String> for Prefix {
    type Error = InvalidPrefix;
    fn try_from(text: String) -> Result<Self, InvalidPrefix> {
        Self::parse(text.as_bytes())
    }
}

impl From<Prefix> for String {
    fn from(prefix: Prefix) -> Self {
        prefix.as_str().to_owned()
    }
}

impl fmt::Display for Prefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for Prefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Prefix({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_partner_is_named_by_a_few_plain_characters() {
        for good in ["a", "7", "acme", "Acme.eu-1_x", &"a".repeat(64)] {
            assert_eq!(PartnerId::parse(good).map(|partner| partner.to_string()), Ok(good.to_owned()));
        }
        for bad in ["", ".a", "-a", "_a", "a b", "a/b", "\u{e9}", "a\0", &"a".repeat(65)] {
            assert_eq!(PartnerId::parse(bad), Err(InvalidPartnerId), "{bad:?}");
        }
    }

    #[test]
    fn a_prefix_is_a_letter_and_seven_letters_or_digits() {
        assert!(Prefix::parse(b"hT4kQ9xZ").is_ok_and(|prefix| prefix.as_str() == "hT4kQ9xZ"));
        for bad in [&b""[..], b"hT4kQ9x", b"hT4kQ9xZ_", b"4T4kQ9xZ", b"hT4k_9xZ", b"hT4kQ9x\xff"] {
            assert_eq!(Prefix::parse(bad), Err(InvalidPrefix), "{bad:?}");
        }
    }
}
