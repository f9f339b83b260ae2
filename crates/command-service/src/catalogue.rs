use std::sync::Mutex;
use std::sync::PoisonError;

use keyledger_domain::{Catalogue, envelope::Stream, event::Body};
use keyledger_event_log::{Position, Revision};

use crate::{CommandService, Failure};

/// The catalogue as far as it was read, so that a command reads only what came since.
#[derive(Default)]
pub(crate) struct CatalogueMemory(Mutex<Option<PresentCatalogue>>);

/// The scopes there are.
#[derive(Clone, Debug)]
pub(crate) struct PresentCatalogue {
    pub(crate) catalogue: Catalogue,
    /// The revision of its last change.
    pub(crate) revision: Revision,
    /// The position of its last change.
    pub(crate) position: Position,
    /// When it last changed.
    pub(crate) changed_at: keyledger_domain::Timestamp,
    /// Whether this release could read that change.
    readable: bool,
}

impl CommandService {
    /// The present catalogue; none in a log that was not initialised.
    ///
    /// # Errors
    /// [`Failure::Damaged`] where its last change was written by a release that this one cannot read.
    pub(crate) async fn catalogue(&self) -> Result<Option<PresentCatalogue>, Failure> {
        let memory = &self.inside().catalogue.0;
        let known = memory.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let from = Revision::after(known.as_ref().map(|known| known.revision));
        let mut present = known;
        for (recorded, event) in self.stream(Stream::Catalogue, from).await? {
            let (catalogue, readable) = match event.body {
                Body::Catalogue(changed) => (changed.catalogue, true),
                Body::Key(_) | Body::Unreadable(_) => (Catalogue::default(), false),
            };
            let (position, revision, changed_at) = (recorded.position, recorded.revision, event.occurred_at);
            present = Some(PresentCatalogue { catalogue, revision, position, changed_at, readable });
        }
        self.inside().catalogue.remember(present.as_ref());
        match present {
            Some(present) if !present.readable => {
                Err(Failure::Damaged("a newer release wrote the catalogue; upgrade this one".to_owned()))
            }
            present => Ok(present),
        }
    }

    /// The scopes there are; none before a log is initialised.
    pub(crate) async fn scopes(&self) -> Result<Catalogue, Failure> {
        Ok(self.catalogue().await?.map(|present| present.catalogue).unwrap_or_default())
    }
}

impl CatalogueMemory {
    /// Keeps what was read, unless somebody else has read further meanwhile.
    fn remember(&self, read: Option<&PresentCatalogue>) {
        let mut memory = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let further =
            |read: &PresentCatalogue| memory.as_ref().is_none_or(|known| known.revision < read.revision);
        if let Some(read) = read.filter(|read| further(read)) {
            *memory = Some(read.clone());
        }
    }
}
