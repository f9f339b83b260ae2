use keyledger_event_log::{AppendError, LogIdentity, ReadError};

/// Why something could not be recorded.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Fault {
    /// The log is not the one that this process left: an older copy took over, or somebody deleted from it.
    #[error(
        "the log no longer holds what was recorded in it: an older copy took its place, or somebody changed it"
    )]
    Changed,
    /// Another log stands where this one was.
    #[error("log {}, epoch {}, stands where this one was", .0.log, .0.epoch)]
    Other(LogIdentity),
    /// A commit would not survive a power cut.
    #[error("a commit is not durable there: {setting} is {found:?} and must be {wanted:?}")]
    NotDurable {
        /// PostgreSQL's setting.
        setting: &'static str,
        /// What it must be.
        wanted: &'static str,
        /// What it was when read back.
        found: String,
    },
    /// The database did not answer in time.
    #[error("the database did not answer in time")]
    Silent,
    /// The first events of a log are none that a log could begin with.
    #[error(transparent)]
    Refused(AppendError),
    /// What the database or the way to it says.
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}

impl Fault {
    /// Whether this process must never write to this log again.
    pub(crate) fn is_final(&self) -> bool {
        matches!(self, Self::Changed | Self::Other(_))
    }

    /// Whether it is gone soon, as after a restart or while another server takes over.
    pub(crate) fn is_passing(&self) -> bool {
        let Self::Database(error) = self else { return matches!(self, Self::Silent) };
        match error {
            sqlx::Error::Io(_)
            | sqlx::Error::Tls(_)
            | sqlx::Error::Protocol(_)
            | sqlx::Error::PoolTimedOut => true,
            // Shut down, crashed, not yet up; not (yet) the primary; stopped for being silent.
            sqlx::Error::Database(error) => matches!(
                error.code().as_deref(),
                Some("57P01" | "57P02" | "57P03" | "25006" | "25P03" | "40001" | "40P01")
            ),
            _ => false,
        }
    }

    /// Whether the database itself said so, and so has rolled everything back.
    pub(crate) fn leaves_nothing(&self) -> bool {
        match self {
            // Those end the connection, perhaps between the commit and its answer.
            Self::Database(sqlx::Error::Database(error)) => {
                !matches!(error.code().as_deref(), Some("57P01" | "57P02"))
            }
            _ => false,
        }
    }
}

/// What a reader is told.
pub(crate) fn of_reader(error: sqlx::Error) -> ReadError {
    match error {
        sqlx::Error::ColumnDecode { .. } | sqlx::Error::Decode(_) => ReadError::Damaged(error.to_string()),
        _ => ReadError::Unavailable(error.to_string()),
    }
}
