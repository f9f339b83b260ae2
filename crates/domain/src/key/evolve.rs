use super::{Key, Revoked};
use crate::{
    Actor, KeyId, Timestamp,
    event::{KeyCreated, KeyEvent},
};

/// The circumstances of an event, which say as much about the key as the event does.
#[derive(Clone, Copy, Debug)]
pub struct Happened<'a> {
    /// To which key.
    pub key_id: KeyId,
    /// As which event of it.
    pub revision: u64,
    /// At which position of the log.
    pub position: u64,
    /// When.
    pub at: Timestamp,
    /// By whom.
    pub by: &'a Actor,
}

/// The key after an event. `event` is none where this build cannot read it: the key is marked, and denies.
///
/// None stays none where a key's first event cannot be read, or is not its creation: there is no key to speak of.
#[must_use]
pub fn evolve(key: Option<Key>, event: Option<&KeyEvent>, happened: Happened<'_>) -> Option<Key> {
    let mut key = match (key, event) {
        (None, Some(KeyEvent::Created(created))) if happened.revision == 0 => {
            return Some(created_key(created, happened));
        }
        (None, _) => return None,
        (Some(key), _) => key,
    };
    match event {
        Some(KeyEvent::Regenerated(event)) => {
            key.prefix = event.prefix;
            key.generation += 1;
            key.superseded_secrets.clone_from(&event.superseded_secrets);
            key.regenerated_at = Some(happened.at);
        }
        Some(KeyEvent::Revoked(event)) => {
            key.superseded_secrets.clear();
            // The first revocation stands, should a log ever hold two.
            key.revoked.get_or_insert_with(|| Revoked {
                at: happened.at,
                by: happened.by.clone(),
                reason: event.reason.clone(),
            });
        }
        Some(KeyEvent::OverlapEnded(_)) => key.superseded_secrets.clear(),
        Some(KeyEvent::ScopesChanged(event)) => key.scopes.clone_from(&event.scopes),
        Some(KeyEvent::ThrottleChanged(event)) => key.throttle = event.throttle,
        Some(KeyEvent::Renamed(event)) => key.name.clone_from(&event.name),
        Some(KeyEvent::ExpirationChanged(event)) => key.expires_at = event.expires_at,
        // A second creation is nothing this build ever writes: it cannot know what was meant.
        Some(KeyEvent::Created(_)) | None => key.unreadable = true,
    }
    key.revision = happened.revision;
    key.position = happened.position;
    key.changed_at = happened.at;
    Some(key)
}

fn created_key(created: &KeyCreated, happened: Happened<'_>) -> Key {
    Key {
        key_id: happened.key_id,
        partner_id: created.partner_id.clone(),
        name: created.name.clone(),
        prefix: created.prefix,
        generation: 1,
        scopes: created.scopes.clone(),
        throttle: created.throttle,
        created_at: happened.at,
        created_by: happened.by.clone(),
        expires_at: created.expires_at,
        regenerated_at: None,
        superseded_secrets: Vec::new(),
        revoked: None,
        revision: happened.revision,
        position: happened.position,
        changed_at: happened.at,
        unreadable: false,
    }
}
