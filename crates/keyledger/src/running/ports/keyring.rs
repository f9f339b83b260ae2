use keyledger_command_service::ports::Keyring;
use keyledger_domain::envelope::{MacKeys, PepperId};
use keyledger_secret::Pepper;

use crate::installation::HeldKeyring;

/// The keyring as the command service asks for it.
pub(crate) struct KeyringPort(pub(crate) HeldKeyring);

impl Keyring for KeyringPort {
    fn pepper(&self) -> (PepperId, Pepper) {
        self.0.active_pepper()
    }

    fn mac_keys(&self) -> MacKeys {
        self.0.mac_keys()
    }
}
