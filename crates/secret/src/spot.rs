use crate::{Marker, PlaintextSecret, plaintext::LENGTH};

/// Whether a text holds a well-formed secret anywhere: somebody pasted one as a name or a reason, and it must not be
/// kept.
#[must_use]
pub fn holds_secret(marker: Marker, text: &str) -> bool {
    text.as_bytes().windows(LENGTH).any(|window| PlaintextSecret::parse(marker, window).is_some())
}
