use std::fmt;

/// Three characters in the middle of every secret of an installation: what secret scanners look for. A lower-case
/// letter, then two lower-case letters or digits. Fixed in length, so that every secret has 51 characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Marker([u8; 3]);

/// The text is not a marker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InvalidMarker;

impl fmt::Display for InvalidMarker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a marker is a lower-case letter and two lower-case letters or digits, for example kl1")
    }
}

impl std::error::Error for InvalidMarker {}

impl Marker {
    /// The marker of an installation that chose none: `kl1`.
    pub const DEFAULT: Self = Self(*b"kl1");

    /// A marker from its text.
    ///
    /// # Errors
    /// [`InvalidMarker`] where it is not three characters of the right kinds.
    pub fn parse(text: &str) -> Result<Self, InvalidMarker> {
        Self::of(text.as_bytes()).ok_or(InvalidMarker)
    }

    /// The marker that stands where a secret has its own; none where there is none.
    pub(crate) fn in_place(secret: &[u8]) -> Option<Self> {
        Self::of(secret.get(9..12)?)
    }

    fn of(bytes: &[u8]) -> Option<Self> {
        match *bytes {
            [a @ b'a'..=b'z', b @ (b'a'..=b'z' | b'0'..=b'9'), c @ (b'a'..=b'z' | b'0'..=b'9')] => {
                Some(Self([a, b, c]))
            }
            _ => None,
        }
    }

    pub(crate) const fn bytes(self) -> [u8; 3] {
        self.0
    }
}

impl Default for Marker {
    fn default() -> Self {
        Self::DEFAULT
    }
}

impl fmt::Display for Marker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{}", char::from(*byte)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_marker_is_a_letter_and_two_letters_or_digits() {
        for good in ["kl1", "abc", "z99"] {
            assert_eq!(Marker::parse(good).map(|marker| marker.to_string()), Ok(good.to_owned()));
        }
        for bad in ["", "kl", "kl12", "1kl", "Kl1", "k_1", "kl\u{e9}"] {
            assert_eq!(Marker::parse(bad), Err(InvalidMarker), "{bad}");
        }
    }
}
