//! What stands beside the public part of an event: `custom_metadata`, in a layout that is frozen.
//!
//! ```text
//! offset  size  what
//! 0       1     the layout: 1
//! 1       4     M, the length of the authentication code, big-endian
//! 5       M     the authentication code
//! 5 + M   rest  the private part; empty once it was purged
//! ```

/// The layout that this build writes, and the only one that there is.
const LAYOUT: u8 = 1;

/// Where the authentication code begins.
const HEAD: usize = 5;

/// The bytes beside a public part.
pub(crate) fn written(private: &[u8], mac: &[u8]) -> Vec<u8> {
    let length = u32::try_from(mac.len()).expect("a code is some bytes long");
    [[LAYOUT].as_slice(), &length.to_be_bytes(), mac, private].concat()
}

/// The private part and the authentication code; none: the bytes are something else.
pub(crate) fn read(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (&[layout, ref length @ ..], rest) = bytes.split_first_chunk::<HEAD>()?;
    let length = usize::try_from(u32::from_be_bytes(*length)).ok()?;
    let (mac, private) = rest.split_at_checked(length)?;
    (layout == LAYOUT).then_some((private, mac))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_layout_is_the_one_that_is_written_down_and_stays_so() {
        let golden = [1, 0, 0, 0, 3, 0xaa, 0xbb, 0xcc, b'p', b'r', 0, 255];
        assert_eq!(written(&[b'p', b'r', 0, 255], &[0xaa, 0xbb, 0xcc]), golden);
        assert_eq!(read(&golden), Some(([b'p', b'r', 0, 255].as_slice(), [0xaa, 0xbb, 0xcc].as_slice())));
        assert_eq!(read(&[1, 0, 0, 0, 0]), Some(([].as_slice(), [].as_slice())));
    }

    #[test]
    fn what_is_cut_off_or_of_another_layout_is_not_read() {
        for strange in
            [[].as_slice(), &[1], &[1, 0, 0, 0, 3, 1, 2], &[2, 0, 0, 0, 0], b"{\"$correlationId\":1}"]
        {
            assert_eq!(read(strange), None, "{strange:?}");
        }
    }
}
