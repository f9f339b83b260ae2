//! The scope catalogue, turned round: from what a request needs to the scopes that grant it.

use std::collections::HashMap;

use keyledger_domain::{Catalogue, Scope, Scopes};

/// Which scopes grant what. Empty without a catalogue, or with one that cannot be read: then nothing is granted.
#[derive(Default)]
pub(crate) struct Grants(HashMap<Box<str>, Vec<Scope>>);

impl Grants {
    /// The grants of a catalogue.
    pub(crate) fn of(catalogue: &Catalogue) -> Self {
        let row = |required: Scope| (required.as_str().into(), catalogue.granted_by(&required));
        Self(catalogue.scopes().map(row).collect())
    }

    /// Whether whoever holds `held` may do what needs `required`. Text that is no scope is granted by nothing, and
    /// neither are the registry's own scopes, which no catalogue defines.
    pub(crate) fn cover(&self, held: &Scopes, required: &str) -> bool {
        self.0.get(required).is_some_and(|granting| granting.iter().any(|scope| held.contains(scope)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_compiled_says_what_the_catalogue_says() {
        let catalogue = Catalogue::builtin();
        let grants = Grants::of(&catalogue);
        for held in catalogue.scopes() {
            let set = Scopes::new([held.clone()]).expect("one scope");
            for required in catalogue.scopes() {
                let covered = catalogue.covers(&set, &required);
                assert_eq!(grants.cover(&set, required.as_str()), covered, "{held} for {required}");
            }
            for none in ["", "client", "client:read ", "registry:operate", "client:burn"] {
                assert!(!grants.cover(&set, none), "{none}");
            }
        }
    }
}
