use std::io;

use crate::ReadModelError;

/// Why times of last use were not read or kept. The file may be made anew whenever it is damaged; nothing else depends on
/// it.
#[derive(Debug, thiserror::Error)]
pub enum LastUsedError {
    /// It is no table of last uses any more.
    #[error("it is damaged: {0}")]
    Damaged(String),
    /// The file is another database. It is left as it is.
    #[error("it is another database: move it away")]
    NotOurs,
    /// It was written by a later build. It is left as it is.
    #[error(
        "it has schema version {found}, and this build knows {known}: use a newer build, or move it away"
    )]
    Newer {
        /// Its schema version.
        found: i64,
        /// The newest schema version of this build.
        known: usize,
    },
    /// It cannot be used at the moment (no permission, a full disk, a lock); trying again later may help.
    #[error("it cannot be used: {0}")]
    Unavailable(String),
}

impl From<rusqlite::Error> for LastUsedError {
    fn from(error: rusqlite::Error) -> Self {
        ReadModelError::from(error).into()
    }
}

impl From<ReadModelError> for LastUsedError {
    fn from(error: ReadModelError) -> Self {
        match error {
            ReadModelError::Damaged(why) => Self::Damaged(why),
            ReadModelError::Unavailable(why) => Self::Unavailable(why),
        }
    }
}

impl From<io::Error> for LastUsedError {
    fn from(error: io::Error) -> Self {
        Self::Unavailable(error.to_string())
    }
}
