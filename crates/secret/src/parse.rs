use crate::{
    Marker, PlaintextSecret,
    checksum::checksum,
    plaintext::{CHECKED, LENGTH},
};

impl PlaintextSecret {
    /// The secret that `bytes` are, or none where they are malformed: nothing is trimmed, no case is folded. The
    /// checksum is tried before anything is looked up, so that junk costs nothing.
    #[must_use]
    pub fn parse(marker: Marker, bytes: &[u8]) -> Option<Self> {
        let bytes: &[u8; LENGTH] = bytes.try_into().ok()?;
        let shaped = bytes[0].is_ascii_alphabetic()
            && bytes[1..8].iter().all(u8::is_ascii_alphanumeric)
            && bytes[8] == b'_'
            && bytes[9..12] == marker.bytes()
            && bytes[12] == b'_'
            && bytes[13..].iter().all(u8::is_ascii_alphanumeric);
        // The checksum is public knowledge about these bytes, so comparing it needs no constant time.
        (shaped && bytes[CHECKED..] == checksum(&bytes[..CHECKED])).then(|| Self(*bytes))
    }
}
