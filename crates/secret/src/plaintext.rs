use zeroize::{Zeroize, ZeroizeOnDrop};

/// How many characters a secret has.
pub(crate) const LENGTH: usize = 51;

/// How many characters come before the checksum and are covered by it.
pub(crate) const CHECKED: usize = 45;

/// A secret in plain text, always well formed: right alphabet, right marker, right checksum. Its memory is wiped when
/// it is dropped.
#[derive(Zeroize, ZeroizeOnDrop)]
pub struct PlaintextSecret(pub(crate) [u8; LENGTH]);

impl PlaintextSecret {
    /// How many characters a secret has: 51.
    pub const LENGTH: usize = LENGTH;

    /// The first eight characters, which name the secret in public.
    #[must_use]
    pub fn prefix(&self) -> [u8; 8] {
        let mut prefix = [0; 8];
        prefix.copy_from_slice(&self.0[..8]);
        prefix
    }

    /// The whole secret, for the one answer that shows it. Everything else works on the type.
    #[must_use]
    pub fn expose(&self) -> &str {
        // Only ASCII digits, letters and underscores ever get into a secret.
        std::str::from_utf8(&self.0).expect("a secret is ASCII")
    }
}

#[cfg(test)]
mod tests {
    use super::PlaintextSecret;

    static_assertions::assert_not_impl_any!(PlaintextSecret: std::fmt::Debug, std::fmt::Display, Clone, Copy);

    #[test]
    fn dropping_a_secret_wipes_it() {
        assert!(std::mem::needs_drop::<PlaintextSecret>());
    }
}
