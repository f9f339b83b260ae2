use serde::{Deserialize, Serialize};

use crate::PartnerId;

/// Every superseded secret of a key died before its time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct KeyOverlapEnded {
    /// The partner whose key it is.
    pub partner_id: PartnerId,
}
