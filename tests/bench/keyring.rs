//! The keyring that `keyledger init` made, to seal events as the registry does.

use std::path::Path;

use anyhow::Context as _;
use keyledger_domain::envelope::{MacKey, MacKeyId, MacKeys, PepperId};
use keyledger_secret::Pepper;
use serde::Deserialize;

/// A keyring that was just made: one key of each kind.
pub(crate) struct Keyring {
    pub(crate) macs: MacKeys,
    pub(crate) pepper_id: PepperId,
    pub(crate) pepper: Pepper,
}

#[derive(Deserialize)]
struct Written {
    pepper: [WrittenKey; 1],
    mac: [WrittenKey; 1],
}

#[derive(Deserialize)]
struct WrittenKey {
    id: String,
    key: String,
}

impl Keyring {
    pub(crate) fn read(path: &Path) -> anyhow::Result<Self> {
        let text = std::fs::read_to_string(path)?;
        let Written { pepper: [pepper], mac: [mac] } = toml::from_str(&text).context("a new keyring")?;
        let (pepper_id, pepper) = pepper.parse()?;
        let (mac_id, mac) = mac.parse()?;
        Ok(Self {
            macs: MacKeys::new((MacKeyId(mac_id), MacKey::new(mac)), Vec::new()),
            pepper_id: PepperId(pepper_id),
            pepper: Pepper::new(pepper),
        })
    }
}

impl WrittenKey {
    fn parse(&self) -> anyhow::Result<(u32, [u8; 32])> {
        let mut key = [0; 32];
        hex::decode_to_slice(&self.key, &mut key)?;
        Ok((u32::from_str_radix(&self.id, 16)?, key))
    }
}
