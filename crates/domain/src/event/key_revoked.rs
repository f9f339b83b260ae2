use serde::{Deserialize, Serialize};

use crate::{PartnerId, Reason};

/// A key and all its secrets died; nothing brings them back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct KeyRevoked {
    /// The partner whose key it is.
    pub partner_id: PartnerId,
    /// Why, in somebody's words.
    pub reason: Option<Reason>,
}
