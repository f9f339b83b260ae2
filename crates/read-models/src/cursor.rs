use std::fmt;

use keyledger_domain::{KeyId, Timestamp, key::Key};
use uuid::Uuid;

/// A place in a list of keys, newest first: after the key that it was made from. It stays good whatever happens to that
/// key or to others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cursor {
    pub(crate) created_at: Timestamp,
    pub(crate) key_id: KeyId,
}

/// The text is not a cursor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("is not a cursor: give the nextCursor of an earlier answer, unchanged")]
pub struct InvalidCursor;

impl Cursor {
    /// Behind this key.
    #[must_use]
    pub fn behind(key: &Key) -> Self {
        Self { created_at: key.created_at, key_id: key.key_id }
    }

    /// A cursor from the text that [`Display`](fmt::Display) made of it.
    ///
    /// # Errors
    /// [`InvalidCursor`] for any other text.
    pub fn parse(text: &str) -> Result<Self, InvalidCursor> {
        let mut bytes = [0; 24];
        hex::decode_to_slice(text, &mut bytes).map_err(|_| InvalidCursor)?;
        let (millis, key_id) = bytes.split_first_chunk::<8>().ok_or(InvalidCursor)?;
        let cursor = Self {
            created_at: Timestamp::from_millis(i64::from_be_bytes(*millis)),
            key_id: KeyId(Uuid::from_slice(key_id).map_err(|_| InvalidCursor)?),
        };
        // One place has one text.
        if cursor.to_string() == text { Ok(cursor) } else { Err(InvalidCursor) }
    }
}

/// Opaque to callers: 48 hexadecimal digits.
impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut bytes = self.created_at.millis().to_be_bytes().to_vec();
        bytes.extend_from_slice(self.key_id.0.as_bytes());
        f.write_str(&hex::encode(bytes))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_survives_its_text() {
        let cursor = Cursor {
            created_at: Timestamp::from_millis(1_700_000_000_123),
            key_id: KeyId(Uuid::from_u128(7)),
        };
        assert_eq!(Cursor::parse(&cursor.to_string()), Ok(cursor));
    }

    #[test]
    fn any_other_text_is_no_cursor() {
        let good = Cursor { created_at: Timestamp::from_millis(0), key_id: KeyId(Uuid::max()) }.to_string();
        let beyond_time = format!("ff{}", &good[2..]);
        for bad in
            ["", "0", "hT4kQ9xZ", &good[1..], &format!("{good}0"), &good.to_uppercase(), &beyond_time, "é"]
        {
            assert_eq!(Cursor::parse(bad), Err(InvalidCursor), "{bad}");
        }
    }
}
