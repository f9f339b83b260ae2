use serde::{Deserialize, Serialize};

use crate::{PartnerId, Throttle};

/// A key may call at another pace from now on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct KeyThrottleChanged {
    /// The partner whose key it is.
    pub partner_id: PartnerId,
    /// The pace.
    pub throttle: Throttle,
}
