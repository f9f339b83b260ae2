use serde::{Deserialize, Serialize};

use crate::{KeyName, PartnerId, Prefix, Scopes, Throttle, Timestamp};

/// A key came to be, with its first secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct KeyCreated {
    /// The partner whose key it is.
    pub partner_id: PartnerId,
    /// What people call it.
    pub name: KeyName,
    /// The first eight characters of its secret.
    pub prefix: Prefix,
    /// What it may do.
    pub scopes: Scopes,
    /// How fast it may call.
    pub throttle: Throttle,
    /// When it ends; none: never.
    pub expires_at: Option<Timestamp>,
}
