use eventstore::Error;
use keyledger_event_log::{AppendError, LogIdentity, ReadError};

/// Why something could not be recorded or read.
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
    /// A position at which no record of this database begins.
    #[error("position {0} is no place in this database: it is another one, or an older copy of it")]
    NoPlace(u64),
    /// Something lies there that cannot be.
    #[error("{0}")]
    Damaged(String),
    /// Another writer was faster: what was read meanwhile is old.
    #[error("other writers were faster, again and again")]
    Raced,
    /// The database did not answer in time.
    #[error("the database did not answer in time")]
    Silent,
    /// The client cannot be made: a file of certificates, perhaps.
    #[error("{0}")]
    Client(String),
    /// The first events of a log are none that a log could begin with.
    #[error(transparent)]
    Refused(AppendError),
    /// What the database or the way to it says.
    #[error(transparent)]
    Database(Error),
}

impl From<Error> for Fault {
    fn from(error: Error) -> Self {
        match error {
            Error::WrongExpectedVersion { .. } => Self::Raced,
            other => Self::Database(other),
        }
    }
}

impl Fault {
    /// Whether this process must never write to this log again.
    pub(crate) fn is_final(&self) -> bool {
        matches!(self, Self::Changed | Self::Other(_))
    }

    /// Whether it is gone soon, as after a restart or while another node takes over.
    pub(crate) fn is_passing(&self) -> bool {
        match self {
            Self::Raced | Self::Silent => true,
            Self::Database(error) => match error {
                Error::ServerError(_)
                | Error::NotLeaderException(_)
                | Error::ConnectionClosed
                | Error::GrpcConnectionError(_)
                | Error::DeadlineExceeded => true,
                // "Operation timed out", while the nodes do not agree in time; and what was cancelled on its way.
                Error::Grpc { .. } => !is_invalid(error),
                _ => false,
            },
            _ => false,
        }
    }

    /// Whether an append that was answered so recorded nothing, and never will. By how the server makes its answers
    /// (`Streams.Append.cs`, `RpcExceptions.cs`), and where the client finds out before it sends anything.
    ///
    /// All else is unknown: `ServerError` is a lost line, a server that goes down, and one that is too busy, in one.
    pub(crate) fn leaves_nothing(&self) -> bool {
        match self {
            Self::Raced | Self::Client(_) => true,
            Self::Database(error) => match error {
                // Judged before it was recorded: by rights, by the leader, by the stream, by its form.
                Error::AccessDenied
                | Error::NotLeaderException(_)
                | Error::ResourceDeleted
                | Error::UnsupportedFeature => true,
                // No node was found to send it to.
                Error::ConnectionClosed | Error::GrpcConnectionError(_) => true,
                _ => is_invalid(error),
            },
            _ => false,
        }
    }
}

/// Whether the server refused the call for its form, as one that is too large.
fn is_invalid(error: &Error) -> bool {
    // The code's type is not in the vendor's crate; its name is in what it says.
    matches!(error, Error::Grpc { code, .. } if format!("{code:?}") == "InvalidArgument")
}

/// Whether a read began where no record does. The server says so in two ways, for reads that are filtered and that are not.
pub(crate) fn is_no_place(error: &Error) -> bool {
    match error {
        Error::ServerError(said) => said.contains("InvalidPosition"),
        Error::Grpc { message, .. } => message.contains("invalid position"),
        _ => false,
    }
}

/// What a reader is told.
pub(crate) fn of_reader(fault: Fault) -> ReadError {
    match fault {
        Fault::Damaged(_) | Fault::NoPlace(_) | Fault::Changed | Fault::Other(_) => {
            ReadError::Damaged(fault.to_string())
        }
        _ => ReadError::Unavailable(fault.to_string()),
    }
}
