use rusqlite::{Error, ErrorCode};

/// Why a read model did not answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReadModelError {
    /// It cannot be used at the moment (a full disk, a lock, no memory); trying again later may help.
    #[error("the read model cannot be used: {0}")]
    Unavailable(String),
    /// It holds what no event can have left there.
    #[error("the read model is damaged ({0}): rebuild it from the log")]
    Damaged(String),
}

impl From<Error> for ReadModelError {
    fn from(error: Error) -> Self {
        if is_damage(&error) {
            Self::Damaged(error.to_string())
        } else {
            Self::Unavailable(error.to_string())
        }
    }
}

impl From<sqlx::Error> for ReadModelError {
    fn from(error: sqlx::Error) -> Self {
        match error {
            sqlx::Error::ColumnDecode { .. } | sqlx::Error::Decode(_) => Self::Damaged(error.to_string()),
            _ => Self::Unavailable(error.to_string()),
        }
    }
}

/// Whether a file holds what it cannot hold, as against one that cannot be used at the moment.
fn is_damage(error: &Error) -> bool {
    match error {
        // Values that nothing of ours can have come as errors of conversion.
        Error::FromSqlConversionFailure(..)
        | Error::InvalidColumnType(..)
        | Error::IntegralValueOutOfRange(..)
        | Error::QueryReturnedNoRows => true,
        _ => matches!(error.sqlite_error_code(), Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase)),
    }
}
