use serde::{Deserialize, Serialize};

use crate::{PartnerId, Scopes};

/// A key may do something else from now on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct KeyScopesChanged {
    /// The partner whose key it is.
    pub partner_id: PartnerId,
    /// All it may do now.
    pub scopes: Scopes,
}
