use serde::{Deserialize, Serialize};

use crate::{PartnerId, Timestamp};

/// A key ends at another time, or at none.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct KeyExpirationChanged {
    /// The partner whose key it is.
    pub partner_id: PartnerId,
    /// When it ends; none: never.
    pub expires_at: Option<Timestamp>,
}
