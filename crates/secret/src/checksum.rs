use crate::base62::DIGITS;

/// How many digits the checksum has: 62^6 > 2^32.
pub(crate) const LENGTH: usize = 6;

/// CRC-32 (ISO-HDLC, the one of gzip) of `bytes` in base62, zero-padded. It tells a typing error from a secret without
/// a look-up; it proves nothing.
pub(crate) fn checksum(bytes: &[u8]) -> [u8; LENGTH] {
    let mut rest = crc32fast::hash(bytes);
    let mut digits = [DIGITS[0]; LENGTH];
    for digit in digits.iter_mut().rev() {
        *digit = DIGITS[(rest % 62) as usize];
        rest /= 62;
    }
    digits
}
