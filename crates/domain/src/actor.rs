//! Who did it.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Who caused an event: an opaque id, never a name or a mail address, since events are kept for ever.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Actor {
    /// What kind of actor the id names.
    pub kind: ActorKind,
    /// The id: of the management key, of the person, or of the log.
    pub id: String,
}

/// The kinds of actor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum ActorKind {
    /// A management key; the id is its `keyId`.
    Key,
    /// Somebody signed in at the portal; the id is the person's.
    Person,
    /// Whoever held the keyring on the registry's own machine; the id is the log's.
    Keyring,
}

impl fmt::Display for ActorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Key => "key",
            Self::Person => "person",
            Self::Keyring => "keyring",
        })
    }
}

impl fmt::Display for Actor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.kind, self.id)
    }
}
