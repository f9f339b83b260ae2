use std::sync::{Arc, OnceLock};

use keyledger_event_log::LogIdentity;
use keyledger_read_models::PartnerKeysReader;

use crate::installation::ModelsPlace;

/// The rows of the lists, to be read, wherever they are made.
#[derive(Clone)]
pub(crate) struct Lists(Arc<Inside>);

struct Inside {
    place: ModelsPlace,
    log: LogIdentity,
    opened: OnceLock<PartnerKeysReader>,
}

impl Lists {
    /// The lists of a log. They are opened when somebody asks: another process may make them later.
    pub(crate) fn of(place: ModelsPlace, log: LogIdentity) -> Self {
        Self(Arc::new(Inside { place, log, opened: OnceLock::new() }))
    }

    /// Who reads them. Blocks.
    ///
    /// # Errors
    /// One sentence, where they are not there yet or cannot be used.
    pub(crate) fn reader(&self) -> Result<PartnerKeysReader, String> {
        let Inside { place, log, opened } = &*self.0;
        if let Some(reader) = opened.get() {
            return Ok(reader.clone());
        }
        let reader = place.read_lists(*log).map_err(|error| error.to_string())?;
        Ok(opened.get_or_init(|| reader).clone())
    }
}
