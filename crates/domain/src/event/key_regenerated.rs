use serde::{Deserialize, Serialize};

use crate::{PartnerId, Prefix, Timestamp};

/// A key got a new secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct KeyRegenerated {
    /// The partner whose key it is.
    pub partner_id: PartnerId,
    /// The first eight characters of the new secret.
    pub prefix: Prefix,
    /// The older secrets that go on working, and until when: at most one. Every other older secret is dead with this
    /// event, whatever the clock says.
    pub superseded_secrets: Vec<SupersededSecret>,
}

/// An older secret that goes on working for a while.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct SupersededSecret {
    /// Its first eight characters.
    pub prefix: Prefix,
    /// The first moment at which it no longer works.
    pub valid_until: Timestamp,
}
