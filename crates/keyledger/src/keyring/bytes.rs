use std::fmt;

use keyledger_secret::Randomness;
use serde::{Deserialize, Deserializer, de};
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use super::Kind;

/// The 32 bytes of a key. They cannot be printed, and are wiped when they are dropped.
#[derive(Clone, PartialEq, Eq, Zeroize, ZeroizeOnDrop)]
pub(crate) struct KeyBytes([u8; 32]);

impl KeyBytes {
    /// A new key.
    pub(super) fn draw(randomness: &dyn Randomness) -> Self {
        let mut bytes = [0; 32];
        randomness.fill(&mut bytes);
        Self(bytes)
    }

    /// The id of this key among those of its kind: it follows from the key, so that an altered key is no longer the one
    /// of its name. 32 bits of a BLAKE3 digest tell nothing about 256 random ones.
    pub(super) fn id(&self, kind: Kind) -> u32 {
        let context = match kind {
            Kind::Pepper => "keyledger keyring pepper id v1",
            Kind::Mac => "keyledger keyring mac id v1",
        };
        let digest = blake3::Hasher::new_derive_key(context).update(&self.0).finalize();
        let [a, b, c, d, ..] = *digest.as_bytes();
        u32::from_be_bytes([a, b, c, d])
    }

    /// The bytes, for the types that work with them.
    pub(super) fn expose(&self) -> [u8; 32] {
        self.0
    }

    /// The text of the keyring file.
    pub(super) fn to_hex(&self) -> Zeroizing<String> {
        Zeroizing::new(hex::encode(self.0))
    }
}

impl<'de> Deserialize<'de> for KeyBytes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Hex;
        impl de::Visitor<'_> for Hex {
            type Value = KeyBytes;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("64 hexadecimal digits")
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<KeyBytes, E> {
                let mut bytes = [0; 32];
                hex::decode_to_slice(text, &mut bytes).map_err(|_| E::custom("not 64 hexadecimal digits"))?;
                Ok(KeyBytes(bytes))
            }
        }
        deserializer.deserialize_str(Hex)
    }
}
