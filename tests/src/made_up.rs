use std::fs::File;
use std::io::Read;

use keyledger_secret::{Marker, PlaintextSecret, Randomness};

const DIGITS: &[u8] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

struct OperatingSystem;

impl Randomness for OperatingSystem {
    fn fill(&self, bytes: &mut [u8]) {
        let mut source = File::open("/dev/urandom").expect("the system's randomness");
        source.read_exact(bytes).expect("it never ends");
    }
}

/// Bytes that nobody can predict.
#[must_use]
pub fn random_bytes<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    OperatingSystem.fill(&mut bytes);
    bytes
}

/// A well-formed secret, with a good checksum, that no registry has minted.
#[must_use]
pub fn unknown_secret() -> String {
    PlaintextSecret::mint(Marker::DEFAULT, &OperatingSystem).expose().to_owned()
}

/// A well-formed secret, with a good checksum, under the prefix of another.
#[must_use]
pub fn wrong_secret_for(prefix: &str) -> String {
    with_checksum(&format!("{prefix}{}", &unknown_secret()[8..45]))
}

/// The first 45 characters of a secret with their checksum: CRC-32 (ISO-HDLC) in base62, reckoned here anew.
#[must_use]
pub fn with_checksum(first: &str) -> String {
    let mut rest = !first.bytes().fold(u32::MAX, |crc, byte| {
        (0..8).fold(crc ^ u32::from(byte), |crc, _| (crc >> 1) ^ (0xEDB8_8320 & (crc & 1).wrapping_neg()))
    });
    let mut digits = [0_u8; 6];
    for digit in digits.iter_mut().rev() {
        *digit = DIGITS[(rest % 62) as usize];
        rest /= 62;
    }
    digits.iter().fold(first.to_owned(), |text, digit| text + &char::from(*digit).to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_made_up_secret_is_well_formed() {
        let secret = wrong_secret_for("hT4kQ9xZ");
        assert!(secret.starts_with("hT4kQ9xZ_kl1_"));
        assert!(PlaintextSecret::parse(Marker::DEFAULT, secret.as_bytes()).is_some(), "{secret}");
    }
}
