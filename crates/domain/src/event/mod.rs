//! What can happen, one type of event a file. Field names are the API's and are kept for ever; effective values only,
//! never "default". The catalogue of events for people is `events/README.md`.

mod key_created;
mod key_expiration_changed;
mod key_overlap_ended;
mod key_regenerated;
mod key_renamed;
mod key_revoked;
mod key_scopes_changed;
mod key_throttle_changed;
mod scope_catalogue_changed;

pub use key_created::KeyCreated;
pub use key_expiration_changed::KeyExpirationChanged;
pub use key_overlap_ended::KeyOverlapEnded;
pub use key_regenerated::{KeyRegenerated, SupersededSecret};
pub use key_renamed::KeyRenamed;
pub use key_revoked::KeyRevoked;
pub use key_scopes_changed::KeyScopesChanged;
pub use key_throttle_changed::KeyThrottleChanged;
pub use scope_catalogue_changed::ScopeCatalogueChanged;

use crate::PartnerId;

/// Something that happened to a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeyEvent {
    /// It came to be, with its first secret.
    Created(KeyCreated),
    /// It got a new secret.
    Regenerated(KeyRegenerated),
    /// It and all its secrets died.
    Revoked(KeyRevoked),
    /// Its superseded secrets died.
    OverlapEnded(KeyOverlapEnded),
    /// It may do something else.
    ScopesChanged(KeyScopesChanged),
    /// It may call at another pace.
    ThrottleChanged(KeyThrottleChanged),
    /// People call it something else.
    Renamed(KeyRenamed),
    /// It ends at another time, or at none.
    ExpirationChanged(KeyExpirationChanged),
}

impl KeyEvent {
    /// The partner whose key it is about; every event of a key says so.
    #[must_use]
    pub fn partner_id(&self) -> &PartnerId {
        match self {
            Self::Created(event) => &event.partner_id,
            Self::Regenerated(event) => &event.partner_id,
            Self::Revoked(event) => &event.partner_id,
            Self::OverlapEnded(event) => &event.partner_id,
            Self::ScopesChanged(event) => &event.partner_id,
            Self::ThrottleChanged(event) => &event.partner_id,
            Self::Renamed(event) => &event.partner_id,
            Self::ExpirationChanged(event) => &event.partner_id,
        }
    }
}

/// What an event says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Body {
    /// Something happened to a key.
    Key(KeyEvent),
    /// The scope catalogue was changed.
    Catalogue(ScopeCatalogueChanged),
    /// This build cannot read it: a later one wrote it. Its key denies until a build that can read it runs.
    Unreadable(Unreadable),
}

/// An authentic event that this build does not know how to read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unreadable {
    /// Its type.
    pub event_type: String,
    /// The schema version of its type.
    pub schema_version: u32,
    /// What could not be read.
    pub why: String,
}
