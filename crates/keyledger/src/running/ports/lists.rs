use std::{
    path::PathBuf,
    sync::{Arc, OnceLock},
};

use keyledger_event_log::LogIdentity;
use keyledger_read_models::PartnerKeysReader;

/// The rows of the lists, to be read, wherever they are made.
#[derive(Clone)]
pub(crate) struct Lists(Arc<Inside>);

struct Inside {
    path: PathBuf,
    log: LogIdentity,
    opened: OnceLock<PartnerKeysReader>,
}

impl Lists {
    /// The lists at a path. They are opened when somebody asks: another process may make them later.
    pub(crate) fn at(path: PathBuf, log: LogIdentity) -> Self {
        Self(Arc::new(Inside { path, log, opened: OnceLock::new() }))
    }

    /// Who reads them. Blocks.
    ///
    /// # Errors
    /// One sentence, where they are not there yet or cannot be used.
    pub(crate) fn reader(&self) -> Result<PartnerKeysReader, String> {
        let Inside { path, log, opened } = &*self.0;
        if let Some(reader) = opened.get() {
            return Ok(reader.clone());
        }
        let reader = PartnerKeysReader::open(path, *log).map_err(|error| error.to_string())?;
        Ok(opened.get_or_init(|| reader).clone())
    }
}
