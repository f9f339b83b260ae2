use std::fmt;

use uuid::Uuid;

use crate::KeyId;

/// What an event is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Stream {
    /// A key: stream `key-<keyId>`.
    Key(KeyId),
    /// The scope catalogue: stream `catalogue`.
    Catalogue,
}

impl Stream {
    /// The stream of this name; none where the name is of no stream that this build knows.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        if name == "catalogue" {
            return Some(Self::Catalogue);
        }
        let key_id = KeyId(Uuid::try_parse(name.strip_prefix("key-")?).ok()?);
        // One key has one name: other spellings of its id are not it.
        let stream = Self::Key(key_id);
        (stream.to_string() == name).then_some(stream)
    }
}

impl fmt::Display for Stream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Key(key_id) => write!(f, "key-{key_id}"),
            Self::Catalogue => f.write_str("catalogue"),
        }
    }
}
