use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering::Acquire},
};

use keyledger_command_service::ports::{Gatekeeper, Principal, Unidentified};
use keyledger_domain::{Authority, Prefix};
use keyledger_validator::{KeyIndex, Unidentified as NotIdentified};

/// Tells who asks by the same index that judges every other request.
pub(crate) struct IndexGatekeeper {
    pub(crate) index: Arc<KeyIndex>,
    /// Whether the process is ending: live streams end with it, as they do with their secret.
    pub(crate) stopping: Arc<AtomicBool>,
}

impl Gatekeeper for IndexGatekeeper {
    fn identify(&self, api_key: &[u8]) -> Result<Principal, Unidentified> {
        match self.index.identify(api_key) {
            Ok(found) => {
                let authority = Authority::of(found.partner_id, &found.scopes);
                Ok(Principal::key(found.key_id, found.prefix, authority))
            }
            Err(NotIdentified::Unknown) => Err(Unidentified::Unknown),
            Err(NotIdentified::CannotKnow) => Err(Unidentified::CannotKnow),
        }
    }

    fn stands(&self, prefix: Prefix) -> bool {
        !self.stopping.load(Acquire) && self.index.stands(prefix)
    }
}
