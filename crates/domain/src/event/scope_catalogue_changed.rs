use serde::{Deserialize, Serialize};

use crate::Catalogue;

/// The scope catalogue was changed: scopes mean this from now on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct ScopeCatalogueChanged {
    /// The whole catalogue.
    #[serde(flatten)]
    pub catalogue: Catalogue,
}
