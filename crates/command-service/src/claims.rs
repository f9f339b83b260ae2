use keyledger_domain::{
    Prefix,
    event::{Body, KeyEvent},
};
use keyledger_event_log::Claim;
use uuid::Uuid;

/// What an event claims for its stream: the prefix that it brings into the world, and its own id where an idempotency key
/// stands behind it, which its version tells. It follows from the event alone, so that whoever copies a log can claim the
/// same for it.
#[must_use]
pub fn claims_of(id: Uuid, body: &Body) -> Vec<Claim> {
    let prefix = match body {
        Body::Key(event) => new_prefix(event),
        Body::Catalogue(_) | Body::Unreadable(_) => None,
    };
    let prefix = prefix.map(|prefix| Claim::new(format!("prefix-{prefix}")));
    let named = (id.get_version_num() == 5).then(|| Claim::event(id));
    prefix.into_iter().chain(named).collect()
}

/// The prefix that an event brings into the world.
pub(crate) fn new_prefix(event: &KeyEvent) -> Option<Prefix> {
    match event {
        KeyEvent::Created(created) => Some(created.prefix),
        KeyEvent::Regenerated(regenerated) => Some(regenerated.prefix),
        _ => None,
    }
}
