use std::{
    fs::{self, OpenOptions},
    io,
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

use keyledger_event_log::{Checkpoint, LogIdentity};
use rusqlite::{Connection, ErrorCode};

use super::{
    connection,
    schema::{self, Found},
};
use crate::{
    OpenError, ReadModelError,
    checkpoint::{self, Identified},
};

/// A path as it is told.
pub(crate) fn shown(path: &Path) -> String {
    path.display().to_string()
}

pub(crate) fn unusable(
    path: &Path,
    source: impl Into<Box<dyn std::error::Error + Send + Sync>>,
) -> OpenError {
    OpenError::Unusable { place: shown(path), source: source.into() }
}

fn failure(path: &Path, source: rusqlite::Error) -> OpenError {
    match source.sqlite_error_code() {
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => damaged(path, source),
        _ => unusable(path, source),
    }
}

fn damaged(path: &Path, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> OpenError {
    OpenError::Damaged { place: shown(path), source: source.into() }
}

/// The connection that writes the read model of a log at `path`, with this build's schema; made where there is none.
pub(crate) fn to_write(path: &Path, log: LogIdentity) -> Result<(Connection, Checkpoint), OpenError> {
    let failed = |error| failure(path, error);
    // Who calls whom is nobody else's business. SQLite takes an empty file for a new database.
    let made = OpenOptions::new().append(true).create(true).mode(0o600).open(path);
    made.map_err(|error| unusable(path, error))?;
    let mut db = connection::to_write(path).map_err(failed)?;
    let found = schema::check(&db, path)?;
    connection::make_fast(&db).map_err(failed)?;
    if found != Found::Ours {
        schema::migrate(&mut db).map_err(|error| unusable(path, error))?;
    }
    if found_at(&db, path)?.is_none() {
        let row = (log.log.to_string(), log.epoch);
        db.execute("INSERT INTO checkpoint (log, epoch, position, mac) VALUES (?1, ?2, 0, x'')", row)
            .map_err(failed)?;
    }
    let checkpoint = of_log(&db, path, log)?;
    Ok((db, checkpoint))
}

/// A connection that reads the read model of a log at `path`.
pub(crate) fn to_read(path: &Path, log: LogIdentity) -> Result<Connection, OpenError> {
    if !path.exists() {
        return Err(OpenError::Missing { place: shown(path) });
    }
    let db = connection::to_read(path).map_err(|error| failure(path, error))?;
    match schema::check(&db, path)? {
        Found::Nothing => return Err(OpenError::Missing { place: shown(path) }),
        Found::Earlier => return Err(OpenError::Earlier { place: shown(path) }),
        Found::Ours => {}
    }
    of_log(&db, path, log)?;
    Ok(db)
}

/// The checkpoint, where the rows are of this log.
fn of_log(db: &Connection, path: &Path, wanted: LogIdentity) -> Result<Checkpoint, OpenError> {
    match found_at(db, path)? {
        Some((found, checkpoint)) if found == wanted => Ok(checkpoint),
        Some((found, _)) => Err(OpenError::AnotherLog { place: shown(path), found, wanted }),
        None => Err(OpenError::Missing { place: shown(path) }),
    }
}

fn found_at(db: &Connection, path: &Path) -> Result<Option<Identified>, OpenError> {
    checkpoint::read(&mut &*db).map_err(|error| match error {
        ReadModelError::Damaged(why) => damaged(path, why),
        ReadModelError::Unavailable(why) => unusable(path, why),
    })
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
