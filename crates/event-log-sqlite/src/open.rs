use std::{
    fs::{self, File, OpenOptions},
    io,
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

use keyledger_event_log::LogIdentity;
use rusqlite::Connection;

use crate::{connection, fault, schema};

/// Why a log was not created or opened. Each text says what to do.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// A log was to be created where something lies already.
    #[error("{} exists already, and a log is never written over: open it, or name another place", path.display())]
    Exists {
        /// Where it lies.
        path: PathBuf,
    },
    /// There is nothing to open.
    #[error("there is no event log at {}: initialise one, or correct the path", path.display())]
    Missing {
        /// Where it was looked for.
        path: PathBuf,
    },
    /// The file holds events, and nobody has said yet that they are all of a log.
    #[error(
        "{} is a copy of a log that was not finished, or a backup, and nobody may work on it: finish it with \
         `keyledger log copy --finish` or `keyledger restore`, or name another place",
        path.display()
    )]
    Unfinished {
        /// The file.
        path: PathBuf,
    },
    /// A copy was to be gone on with, and it is a log already.
    #[error(
        "{} is log {}, epoch {}, already, and a log is never written over: name another place",
        path.display(), found.log, found.epoch
    )]
    Finished {
        /// The file.
        path: PathBuf,
        /// The log that is there.
        found: LogIdentity,
    },
    /// The file is something else.
    #[error("{} is not an event log of keyledger: correct the path, or put the log back from a backup", path.display())]
    NotALog {
        /// The file.
        path: PathBuf,
    },
    /// The file was written by a later build.
    #[error("{} has schema version {found}, and this build knows {known}: use a newer build", path.display())]
    Newer {
        /// The file.
        path: PathBuf,
        /// Its schema version.
        found: i64,
        /// The newest schema version of this build.
        known: usize,
    },
    /// The place cannot make a commit durable in the way the log needs.
    #[error("{} cannot be durable, {setting} is {found:?} and not {wanted:?}: move it to a local disk", path.display())]
    NotDurable {
        /// The file.
        path: PathBuf,
        /// SQLite's setting.
        setting: &'static str,
        /// What it must be.
        wanted: &'static str,
        /// What it was when read back.
        found: String,
    },
    /// The file is a log and cannot be one.
    #[error("the event log {} is damaged ({source}): put it back from a backup", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What SQLite says.
        source: rusqlite::Error,
    },
    /// Anything else: permissions, space, a disk that fails, another process that holds it.
    #[error("the event log {} cannot be used ({source}): mend the cause, and start again", path.display())]
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

    /// Whether space could mend it. SQLite has many words for a full disk, and one for a failed fsync.
    pub(crate) fn may_be_for_want_of_space(&self) -> bool {
        let Self::Unusable { source, .. } = self else { return false };
        !source.downcast_ref().is_some_and(fault::is_failed_sync)
    }

    fn sqlite(path: &Path, source: rusqlite::Error) -> Self {
        if fault::is_damage(&source) {
            return Self::Damaged { path: path.to_owned(), source };
        }
        Self::unusable(path, source)
    }
}

/// Makes the file of a new, empty log, or without an identity of a copy. It appears whole or not at all: it is made under
/// another name first.
pub(crate) fn create(path: &Path, identity: Option<LogIdentity>) -> Result<(), OpenError> {
    // The write-ahead log of a log that is gone would be taken for the new one's.
    let mut wal = path.as_os_str().to_owned();
    wal.push("-wal");
    // An empty one is what a reader leaves behind that came after the writer had gone.
    if !path.exists() && fs::metadata(&wal).is_ok_and(|found| found.len() == 0) {
        fs::remove_file(&wal).map_err(|error| OpenError::unusable(path, error))?;
    }
    for path in [path, Path::new(&wal)] {
        if path.exists() {
            return Err(OpenError::Exists { path: path.to_owned() });
        }
    }
    let unfinished = path.with_extension("unfinished");
    let failed = |error: io::Error| OpenError::unusable(path, error);
    for beside in ["-wal", "-shm"] {
        // Those of an attempt that was killed would be taken for this one's.
        let mut path = unfinished.as_os_str().to_owned();
        path.push(beside);
        match fs::remove_file(path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(failed(error)),
            _ => {}
        }
    }
    // The private parts are nobody else's business.
    OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&unfinished)
        .map_err(failed)?;
    let mut db = connection::to_write(&unfinished).map_err(|error| OpenError::unusable(path, error))?;
    // Nothing of an unfinished log is worth a rollback after a crash.
    let journal = db.pragma_update_and_check(None, "journal_mode", "MEMORY", |_| Ok(()));
    journal.map_err(|error| OpenError::unusable(path, error))?;
    schema::migrate(&mut db).map_err(|error| OpenError::unusable(path, error))?;
    if let Some(identity) = identity {
        schema::set_identity(&db, identity).map_err(|error| OpenError::unusable(path, error))?;
    }
    // Whoever only reads could not undo a change of the journal that was cut off.
    let journal = db.pragma_update_and_check(None, "journal_mode", "WAL", |_| Ok(()));
    journal.map_err(|error| OpenError::unusable(path, error))?;
    db.close().map_err(|(_, error)| OpenError::unusable(path, error))?;
    fs::rename(&unfinished, path).map_err(failed)?;
    let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(directory).and_then(|directory| directory.sync_all()).map_err(failed)
}

/// The connection that writes to the log at `path`, durable, with this build's schema. `copied_as` is the identity that an
/// unfinished copy is to get; a log has its own.
pub(crate) fn to_write(
    path: &Path,
    copied_as: Option<LogIdentity>,
) -> Result<(Connection, LogIdentity), OpenError> {
    let failed = |error| OpenError::sqlite(path, error);
    let mut db = checked(path, connection::to_write)?;
    if let Some((setting, wanted, found)) = connection::set_up_writer(&db).map_err(failed)? {
        return Err(OpenError::NotDurable { path: path.to_owned(), setting, wanted, found });
    }
    // After a crash the write-ahead log may be whole in the page cache only: a failed fsync leaves it so. What is
    // copied is written, and made durable, anew.
    crate::writer::copy(&db, "TRUNCATE").map_err(failed)?;
    schema::migrate(&mut db).map_err(|error| OpenError::unusable(path, error))?;
    let identity = identity(&db, path, copied_as)?;
    Ok((db, identity))
}

/// A connection that reads the log at `path`; `copied_as` as for [`to_write`].
pub(crate) fn to_read(
    path: &Path,
    copied_as: Option<LogIdentity>,
) -> Result<(Connection, LogIdentity), OpenError> {
    let db = checked(path, connection::to_read)?;
    let identity = identity(&db, path, copied_as)?;
    Ok((db, identity))
}

/// Makes a copy the log that it is to be, durably and in one step.
pub(crate) fn finish(path: &Path, identity: LogIdentity) -> Result<(), OpenError> {
    let (db, identity) = to_write(path, Some(identity))?;
    let done = schema::set_identity(&db, identity).and_then(|()| crate::writer::copy(&db, "TRUNCATE"));
    done.and_then(|()| {
        db.set_db_config(rusqlite::config::DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, false).map(|_| ())
    })
    .map_err(|error| OpenError::sqlite(path, error))
}

/// Which log it is. A copy without an identity is opened by nobody who does not say that it is one.
fn identity(db: &Connection, path: &Path, copied_as: Option<LogIdentity>) -> Result<LogIdentity, OpenError> {
    let path = path.to_owned();
    match (schema::identity(db).map_err(|error| OpenError::sqlite(&path, error))?, copied_as) {
        (Some(identity), None) | (None, Some(identity)) => Ok(identity),
        (Some(found), Some(_)) => Err(OpenError::Finished { path, found }),
        (None, None) => Err(OpenError::Unfinished { path }),
    }
}

/// A connection to a file that is a log this build knows; any other file is left untouched.
fn checked(path: &Path, connect: fn(&Path) -> rusqlite::Result<Connection>) -> Result<Connection, OpenError> {
    if !path.exists() {
        return Err(OpenError::Missing { path: path.to_owned() });
    }
    let db = connect(path).map_err(|error| OpenError::sqlite(path, error))?;
    schema::check(&db, path)?;
    Ok(db)
}
