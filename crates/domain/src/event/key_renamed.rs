use serde::{Deserialize, Serialize};

use crate::{KeyName, PartnerId};

/// People call a key something else.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct KeyRenamed {
    /// The partner whose key it is.
    pub partner_id: PartnerId,
    /// The new name.
    pub name: KeyName,
}
