//! The scopes there are, their parents and meanings. The catalogue is part of the log: what a scope meant at any
//! moment can be told from there alone.

mod builtin;
mod cover;
mod decide;
mod faults;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

pub use decide::{ChangeCatalogue, decide};
pub use faults::CatalogueFault;

/// The scopes there are. Made only by [`Catalogue::new`], so it is always consistent.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(try_from = "Unchecked")]
#[cfg_attr(test, schemars(!try_from))]
pub struct Catalogue {
    resources: Vec<Resource>,
}

/// Something an API offers, with what may be done to it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Resource {
    /// The part of a scope before the colon.
    pub name: String,
    /// The parts of its scopes after the colon. A verb covers no other verb.
    pub verbs: Vec<String>,
    /// The resources that a scope on this one covers too, with the same verb.
    #[serde(default)]
    pub children: Vec<String>,
    /// What each verb means, for people.
    #[serde(default)]
    pub describe: BTreeMap<String, String>,
}

#[derive(Deserialize)]
struct Unchecked {
    resources: Vec<Resource>,
}

impl Catalogue {
    /// A catalogue of these resources.
    ///
    /// # Errors
    /// Every fault there is: names that are none, that stand twice or are reserved, children that do not exist, rings.
    pub fn new(resources: Vec<Resource>) -> Result<Self, Vec<CatalogueFault>> {
        let faults = faults::find(&resources);
        if faults.is_empty() { Ok(Self { resources }) } else { Err(faults) }
    }

    /// The resources, in the order in which they were written.
    #[must_use]
    pub fn resources(&self) -> &[Resource] {
        &self.resources
    }

    fn resource(&self, name: &str) -> Option<&Resource> {
        self.resources.iter().find(|resource| resource.name == name)
    }
}

impl TryFrom<Unchecked> for Catalogue {
    type Error = String;
    fn try_from(unchecked: Unchecked) -> Result<Self, String> {
        Self::new(unchecked.resources)
            .map_err(|faults| faults.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))
    }
}
