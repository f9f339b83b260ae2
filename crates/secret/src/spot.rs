use crate::{Marker, PlaintextSecret, plaintext::LENGTH};

/// Whether a text holds a well-formed secret anywhere: somebody pasted one as a name or a reason, and it must not be
/// kept.
#[must_use]
pub fn holds_secret(marker: Marker, text: &str) -> bool {
    windows(text).any(|window| PlaintextSecret::parse(marker, window).is_some())
}

/// Whether a text holds a secret of any installation: for where a secret is looked for before the settings, which name
/// the marker, are read.
#[must_use]
pub fn holds_any_secret(text: &str) -> bool {
    let holds = |window| Some(PlaintextSecret::parse(Marker::in_place(window)?, window).is_some());
    windows(text).any(|window| holds(window).unwrap_or_default())
}

fn windows(text: &str) -> impl Iterator<Item = &[u8]> {
    text.as_bytes().windows(LENGTH)
}
