use super::Catalogue;
use crate::event::ScopeCatalogueChanged;

/// Puts a catalogue in the place of the present one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChangeCatalogue {
    /// The whole new catalogue.
    pub catalogue: Catalogue,
}

/// What is recorded: nothing where the catalogue is already so. `present` is none before the first one.
#[must_use]
pub fn decide(present: Option<&Catalogue>, command: ChangeCatalogue) -> Option<ScopeCatalogueChanged> {
    let ChangeCatalogue { catalogue } = command;
    (present != Some(&catalogue)).then_some(ScopeCatalogueChanged { catalogue })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_catalogue_again_is_no_event() {
        let change = || ChangeCatalogue { catalogue: Catalogue::builtin() };
        let changed = decide(None, change()).expect("the first catalogue is an event");
        assert_eq!(decide(Some(&changed.catalogue), change()), None);
    }
}
