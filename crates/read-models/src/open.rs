use std::{
    fs::{self, OpenOptions},
    io,
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

use keyledger_event_log::{Checkpoint, LogIdentity};
use rusqlite::{Connection, ErrorCode};

use crate::{
    checkpoint, connection,
    schema::{self, Found},
};

/// Why a read model was not opened. Each text says what to do.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// There is nothing to read.
    #[error("there is no read model at {}: start the server once, which makes it, or correct the path", path.display())]
    Missing {
        /// Where it was looked for.
        path: PathBuf,
    },
    /// The file is something else.
    #[error("{} is not a read model of keyledger: correct the path, or move the file away", path.display())]
    NotAReadModel {
        /// The file.
        path: PathBuf,
    },
    /// The file was written by a later build.
    #[error(
        "{} has schema version {found}, and this build knows {known}: use a newer build, or rebuild the read model with this one",
        path.display()
    )]
    Newer {
        /// The file.
        path: PathBuf,
        /// Its schema version.
        found: i64,
        /// The newest schema version of this build.
        known: usize,
    },
    /// The file was written by an earlier build, and is only to be read.
    #[error("{} was written by an earlier build: start the server once, which brings it up to date", path.display())]
    Earlier {
        /// The file.
        path: PathBuf,
    },
    /// The rows are of another log, or of another life of this one.
    #[error(
        "{} was made from log {}, epoch {}, and this is log {}, epoch {}: put the log back that it was made from; after a restore on purpose, `keyledger projections rebuild --force`",
        path.display(), found.log, found.epoch, wanted.log, wanted.epoch
    )]
    AnotherLog {
        /// The file.
        path: PathBuf,
        /// The log it was made from.
        found: LogIdentity,
        /// The log it is wanted for.
        wanted: LogIdentity,
    },
    /// The file cannot be a read model any more.
    #[error("the read model {} is damaged ({source}): rebuild it", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What SQLite says.
        source: rusqlite::Error,
    },
    /// Anything else: permissions, space, a disk that fails, another process that holds it.
    #[error("the read model {} cannot be used ({source}): mend the cause, and start again", path.display())]
    Unusable {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

impl OpenError {
    pub(crate) fn unusable(path: &Path, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::Unusable { path: path.to_owned(), source: source.into() }
    }

    fn sqlite(path: &Path, source: rusqlite::Error) -> Self {
        match source.sqlite_error_code() {
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => {
                Self::Damaged { path: path.to_owned(), source }
            }
            _ => Self::unusable(path, source),
        }
    }
}

/// The connection that writes the read model of a log at `path`, with this build's schema; made where there is none.
pub(crate) fn to_write(path: &Path, log: LogIdentity) -> Result<(Connection, Checkpoint), OpenError> {
    let failed = |error| OpenError::sqlite(path, error);
    // Who calls whom is nobody else's business. SQLite takes an empty file for a new database.
    let made = OpenOptions::new().append(true).create(true).mode(0o600).open(path);
    made.map_err(|error| OpenError::unusable(path, error))?;
    let mut db = connection::to_write(path).map_err(failed)?;
    let found = schema::check(&db, path)?;
    connection::make_fast(&db).map_err(failed)?;
    if found != Found::Ours {
        schema::migrate(&mut db).map_err(|error| OpenError::unusable(path, error))?;
    }
    if checkpoint::read(&db).map_err(failed)?.is_none() {
        checkpoint::begin(&db, log).map_err(failed)?;
    }
    let checkpoint = of_log(&db, path, log)?;
    Ok((db, checkpoint))
}

/// A connection that reads the read model of a log at `path`.
pub(crate) fn to_read(path: &Path, log: LogIdentity) -> Result<Connection, OpenError> {
    if !path.exists() {
        return Err(OpenError::Missing { path: path.to_owned() });
    }
    let db = connection::to_read(path).map_err(|error| OpenError::sqlite(path, error))?;
    match schema::check(&db, path)? {
        Found::Nothing => return Err(OpenError::Missing { path: path.to_owned() }),
        Found::Earlier => return Err(OpenError::Earlier { path: path.to_owned() }),
        Found::Ours => {}
    }
    of_log(&db, path, log)?;
    Ok(db)
}

/// The checkpoint, where the rows are of this log.
fn of_log(db: &Connection, path: &Path, wanted: LogIdentity) -> Result<Checkpoint, OpenError> {
    match checkpoint::read(db).map_err(|error| OpenError::sqlite(path, error))? {
        Some((found, checkpoint)) if found == wanted => Ok(checkpoint),
        Some((found, _)) => Err(OpenError::AnotherLog { path: path.to_owned(), found, wanted }),
        None => Err(OpenError::Missing { path: path.to_owned() }),
    }
}

/// Removes a read model with what SQLite keeps beside it. What is not there is removed already.
pub(crate) fn remove(path: &Path) -> io::Result<()> {
    // The rows go last: a write-ahead log without them is a file that nothing opens.
    for end in ["-shm", "-wal", ""] {
        let mut file = path.as_os_str().to_owned();
        file.push(end);
        match fs::remove_file(PathBuf::from(file)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    Ok(())
}
