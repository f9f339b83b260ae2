//! The leaves of a tile: each behind its length, two bytes, big end first.

/// Adds a leaf. One that is longer than a length can say is cut, and then hashes to something else than its tile says: no
/// event is, since none is longer than 16 KiB.
pub fn push(bundle: &mut Vec<u8>, leaf: &[u8]) {
    let leaf = &leaf[..leaf.len().min(usize::from(u16::MAX))];
    bundle.extend_from_slice(&u16::try_from(leaf.len()).unwrap_or(u16::MAX).to_be_bytes());
    bundle.extend_from_slice(leaf);
}

/// The leaves in a tile; none where it is no whole number of them.
#[must_use]
pub fn split(mut bundle: &[u8]) -> Option<Vec<&[u8]>> {
    let mut leaves = Vec::new();
    while !bundle.is_empty() {
        let (length, rest) = bundle.split_first_chunk()?;
        let (leaf, rest) = rest.split_at_checked(usize::from(u16::from_be_bytes(*length)))?;
        leaves.push(leaf);
        bundle = rest;
    }
    Some(leaves)
}

/// The first so many leaves of a tile, as a smaller tile holds them; none where it does not hold so many.
#[must_use]
pub fn cut(bundle: &[u8], leaves: u16) -> Option<&[u8]> {
    let length: usize = split(bundle)?.get(..usize::from(leaves))?.iter().map(|leaf| 2 + leaf.len()).sum();
    bundle.get(..length)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn leaves_come_out_as_they_went_in() {
        let leaves: Vec<Vec<u8>> = vec![b"one".to_vec(), Vec::new(), vec![7; 16 * 1024]];
        let mut bundle = Vec::new();
        leaves.iter().for_each(|leaf| push(&mut bundle, leaf));
        assert_eq!(split(&bundle).expect("leaves"), leaves);
        assert_eq!(cut(&bundle, 2), Some(&b"\0\x03one\0\0"[..]));
        assert_eq!(cut(&bundle, 4), None);
        assert_eq!(split(&bundle[..bundle.len() - 1]), None);
        assert_eq!(split(b"\0"), None);
    }
}
