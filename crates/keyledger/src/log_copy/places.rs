use std::{fs::DirBuilder, os::unix::fs::DirBuilderExt as _, path::Path, sync::Arc};

use anyhow::Context as _;
use keyledger_event_log::{EventLog, LogIdentity};
use keyledger_event_log_kurrentdb::KurrentLog;
use keyledger_event_log_postgres::{self as postgres, DatabaseUrl, PostgresLog};
use keyledger_event_log_sqlite::{self as sqlite, SqliteLog};

use crate::{data_dir::DataDir, installation::LogPlace};

/// What lies where a log could be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stage {
    /// Nothing.
    Nothing,
    /// A copy that nobody can open as a log.
    Unfinished,
    /// A log.
    Log(LogIdentity),
}

/// Readers keep the positions that they have seen, so that with other positions a new life must begin.
const OTHER_POSITIONS: &str = "numbers its events in its own way, and a copy keeps the positions: move there and away from there with `keyledger backup` and `keyledger restore`, which begin a new epoch (docs/moving.md)";

/// A store by its name on the command line: the URL of a database, a file that ends in `.db`, or a data directory.
///
/// # Errors
/// Why it is none of them.
pub(crate) fn store(text: &str) -> Result<LogPlace, String> {
    if text.starts_with("postgres://") || text.starts_with("postgresql://") {
        let url: DatabaseUrl =
            text.parse().map_err(|invalid: postgres::InvalidDatabaseUrl| invalid.to_string())?;
        return Ok(LogPlace::Database(Box::new(url)));
    }
    if text.starts_with("kurrentdb") || text.starts_with("esdb") {
        return Err(OTHER_POSITIONS.to_owned());
    }
    if text.is_empty() || text.contains("://") {
        return Err("is no store: give a data directory, a file that ends in .db, or postgres://…".to_owned());
    }
    let path = Path::new(text);
    let is_file = path.is_file() || (!path.is_dir() && path.extension().is_some_and(|it| it == "db"));
    Ok(LogPlace::File(if is_file { path.to_owned() } else { DataDir::new(path).log() }))
}

impl LogPlace {
    /// What lies there.
    ///
    /// # Errors
    /// One sentence, where nobody can tell.
    pub(crate) async fn stage(&self) -> anyhow::Result<Stage> {
        let found = match self.found().await {
            Ok(found) => found,
            Err(error) => {
                let file =
                    error.downcast_ref().is_some_and(|it| matches!(it, sqlite::OpenError::Unfinished { .. }));
                let database = error
                    .downcast_ref()
                    .is_some_and(|it| matches!(it, postgres::OpenError::Unfinished { .. }));
                return if file || database { Ok(Stage::Unfinished) } else { Err(error) };
            }
        };
        if let (None, Self::Kurrentdb(url)) = (found, self) {
            return Ok(if KurrentLog::is_empty(url).await? { Stage::Nothing } else { Stage::Unfinished });
        }
        Ok(found.map_or(Stage::Nothing, Stage::Log))
    }

    /// Opens a copy that is not finished as the log it is to be, and makes an empty one where nothing is.
    ///
    /// # Errors
    /// One sentence that says what to do, also where a log is there.
    pub(crate) async fn open_unfinished(&self, identity: LogIdentity) -> anyhow::Result<Arc<dyn EventLog>> {
        match self {
            Self::File(path) => {
                if let Some(directory) = path.parent().filter(|parent| !parent.as_os_str().is_empty()) {
                    let made = DirBuilder::new().recursive(true).mode(0o700).create(directory);
                    made.with_context(|| format!("cannot make {}", directory.display()))?;
                }
                Ok(Arc::new(SqliteLog::open_unfinished(path, identity)?))
            }
            Self::Database(url) => Ok(Arc::new(PostgresLog::open_unfinished(url, identity).await?)),
            Self::Kurrentdb(url) => Ok(Arc::new(KurrentLog::open_unfinished(url, identity).await?)),
        }
    }

    /// Makes a copy the log that it is to be, in one durable step. Nobody in this process may have it open.
    ///
    /// # Errors
    /// One sentence that says what to do.
    pub(crate) async fn finish(&self, identity: LogIdentity) -> anyhow::Result<()> {
        match self {
            Self::File(path) => Ok(SqliteLog::finish(path, identity)?),
            Self::Database(url) => Ok(PostgresLog::finish(url, identity).await?),
            Self::Kurrentdb(url) => Ok(KurrentLog::finish(url, identity).await?),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_store_is_a_database_a_file_or_a_directory() {
        let directory = tempfile::tempdir().expect("a directory");
        let inside = directory.path().to_string_lossy().into_owned();
        let shown = |text: &str| store(text).map(|place| place.to_string());
        assert_eq!(
            shown("postgres://ada@db.example.com/keys"),
            Ok("postgres://db.example.com/keys".to_owned())
        );
        assert_eq!(shown(&inside), Ok(format!("{inside}/log.db")));
        assert_eq!(shown("backup/log.db"), Ok("backup/log.db".to_owned()));
        assert_eq!(shown("new-data"), Ok("new-data/log.db".to_owned()));
        for none in ["", "mysql://db/keys", "postgres://ada:hunter2@db/keys"] {
            assert!(shown(none).is_err_and(|why| !why.contains("hunter2")), "{none}");
        }
    }
}
