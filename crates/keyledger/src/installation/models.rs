//! Where the read models are, by the settings, and how they are opened there.

use std::{fmt, path::PathBuf};

use anyhow::Context as _;
use keyledger_event_log::LogIdentity;
use keyledger_read_models::{
    Database, LastUsedError, LastUsedReader, LastUsedTable, OpenError, PartnerKeys, PartnerKeysReader,
};

use crate::{data_dir::DataDir, settings::ReadModels};

/// Where the lists and the last uses are. All of it blocks.
#[derive(Clone, Debug)]
pub(crate) enum ModelsPlace {
    /// In files of the data directory.
    Files {
        /// The lists.
        lists: PathBuf,
        /// When secrets were last used.
        last_used: PathBuf,
    },
    /// In this database, which other processes may share.
    Database(Database),
}

impl ModelsPlace {
    /// Where the settings say that they are. Nothing is asked yet.
    ///
    /// # Errors
    /// One sentence, where the system has no thread for a database.
    pub(crate) fn of(settings: &ReadModels, directory: &DataDir) -> anyhow::Result<Self> {
        match &settings.url {
            None => Ok(Self::Files { lists: directory.read_models(), last_used: directory.last_used() }),
            Some(url) => {
                let database = Database::new(url.0.clone());
                Ok(Self::Database(database.context("cannot start the thread of the read models")?))
            }
        }
    }

    /// The lists, to be written by a projector; in a database by one of many. A file that is no longer one is made anew from
    /// the log: it holds nothing that the log lacks.
    ///
    /// # Errors
    /// One sentence that says what to do.
    pub(crate) fn write_lists(&self, log: LogIdentity) -> anyhow::Result<PartnerKeys> {
        match self {
            Self::Files { lists: path, .. } => match PartnerKeys::open(path, log) {
                Err(OpenError::Damaged { .. }) => {
                    tracing::error!(path = %path.display(), "the read models are damaged: they are made anew from the log");
                    PartnerKeys::remove(path).with_context(|| format!("cannot remove {}", path.display()))?;
                    Ok(PartnerKeys::open(path, log)?)
                }
                opened => Ok(opened?),
            },
            Self::Database(database) => Ok(PartnerKeys::open_in(database, log)?),
        }
    }

    /// The lists, to be read, whoever writes them.
    ///
    /// # Errors
    /// [`OpenError`], saying what to do.
    pub(crate) fn read_lists(&self, log: LogIdentity) -> Result<PartnerKeysReader, OpenError> {
        match self {
            Self::Files { lists, .. } => PartnerKeysReader::open(lists, log),
            Self::Database(database) => PartnerKeysReader::open_in(database, log),
        }
    }

    /// The table of last uses, to be written.
    ///
    /// # Errors
    /// [`LastUsedError`].
    pub(crate) fn write_last_used(&self) -> Result<LastUsedTable, LastUsedError> {
        match self {
            Self::Files { last_used, .. } => LastUsedTable::open(last_used),
            Self::Database(database) => LastUsedTable::open_in(database),
        }
    }

    /// Removes a table of last uses that is damaged, to make it anew. A database is not ours to remove from: there it is told.
    ///
    /// # Errors
    /// [`LastUsedError`], where it cannot be removed.
    pub(crate) fn remove_last_used(&self) -> Result<(), LastUsedError> {
        match self {
            Self::Files { last_used, .. } => Ok(LastUsedTable::remove(last_used)?),
            Self::Database(_) => {
                Err(LastUsedError::Damaged("its table holds what nobody wrote there".to_owned()))
            }
        }
    }

    /// The table of last uses, to be read.
    pub(crate) fn read_last_used(&self) -> LastUsedReader {
        match self {
            Self::Files { last_used, .. } => LastUsedReader::new(last_used),
            Self::Database(database) => LastUsedReader::in_database(database),
        }
    }
}

impl fmt::Display for ModelsPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Files { lists, .. } => lists.display().fmt(f),
            Self::Database(database) => database.fmt(f),
        }
    }
}
