use keyledger_event_log::ReadError;
use rusqlite::{Error, ErrorCode, ffi};

/// What an error of SQLite means for the log.
#[derive(Debug)]
pub(crate) enum Fault {
    /// There is no space left. A quota that is used up is [`Fault::Broken`]: SQLite reports it as it does a disk that
    /// fails.
    Full,
    /// Another process holds the database for too long.
    Busy,
    /// There is no memory.
    OutOfMemory,
    /// The log does not end with the event that this process recorded last.
    Changed,
    /// Anything else: what was written before can no longer be counted on by this process.
    Broken(String),
}

impl From<Error> for Fault {
    fn from(error: Error) -> Self {
        match error.sqlite_error_code() {
            Some(ErrorCode::DiskFull) => Self::Full,
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Self::Busy,
            Some(ErrorCode::OutOfMemory) => Self::OutOfMemory,
            _ => Self::Broken(describe(&error)),
        }
    }
}

impl Fault {
    /// Whether nobody of this process may write any more.
    pub(crate) fn is_final(&self) -> bool {
        matches!(self, Self::Changed | Self::Broken(_))
    }

    /// Whether a commit that failed so left nothing behind. SQLite reports a full disk before the frame that commits
    /// is whole, and a held database before anything is written; after any other error the frames may all be there,
    /// and the next start would find them.
    pub(crate) fn leaves_nothing(&self) -> bool {
        matches!(self, Self::Full | Self::Busy)
    }
}

impl std::fmt::Display for Fault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Full => f.write_str("the disk is full: make space, it goes on by itself"),
            Self::Busy => f.write_str("another process holds the log"),
            Self::OutOfMemory => f.write_str("there is no memory left"),
            Self::Changed => f.write_str(
                "the log was changed by somebody else under the running process, its last event is not the one \
                 recorded last: find out who can write to it, keep a copy of it, and start again",
            ),
            Self::Broken(why) => f.write_str(why),
        }
    }
}

/// What a reader is told.
pub(crate) fn read_error(error: &Error) -> ReadError {
    let why = describe(error);
    if is_damage(error) { ReadError::Damaged(why) } else { ReadError::Unavailable(why) }
}

/// Whether the file holds what no log can hold; values and rows that cannot be come as errors of conversion.
pub(crate) fn is_damage(error: &Error) -> bool {
    match error {
        Error::FromSqlConversionFailure(..)
        | Error::InvalidColumnType(..)
        | Error::IntegralValueOutOfRange(..) => true,
        Error::QueryReturnedNoRows | Error::QueryReturnedMoreThanOneRow => true,
        _ => matches!(error.sqlite_error_code(), Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase)),
    }
}

/// Whether the disk failed to make something durable.
pub(crate) fn is_failed_sync(error: &Error) -> bool {
    let failed = [ffi::SQLITE_IOERR_FSYNC, ffi::SQLITE_IOERR_DIR_FSYNC];
    error.sqlite_error().is_some_and(|code| failed.contains(&code.extended_code))
}

/// SQLite's own words, with the number that its documentation explains.
fn describe(error: &Error) -> String {
    match error.sqlite_error() {
        Some(code) => format!("{error} (SQLite error {})", code.extended_code),
        None => error.to_string(),
    }
}
