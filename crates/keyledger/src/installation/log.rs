//! Which store keeps the event log, by the settings, and how it is begun and opened there.

use std::{error::Error, fmt, fs, future::Future, path::Path, path::PathBuf, sync::Arc};

use anyhow::{Context as _, bail, ensure};
use keyledger_event_log::{Append, EventLog, LogIdentity};
use keyledger_event_log_kurrentdb::{self as kurrentdb, KurrentLog};
use keyledger_event_log_postgres::{self as postgres, DatabaseUrl, PostgresLog};
use keyledger_event_log_sqlite::SqliteLog;
use tokio::sync::watch;

use crate::{
    data_dir::DataDir,
    settings::{Log, LogUrl, Store},
};

use super::password_file;

/// The file of an embedded log that is not in its place yet.
const UNFINISHED: &str = "log.db";

/// Where the event log is.
#[derive(Clone, Debug)]
pub(crate) enum LogPlace {
    /// In this file of the data directory.
    File(PathBuf),
    /// In this PostgreSQL database.
    Database(Box<DatabaseUrl>),
    /// In this KurrentDB or EventStoreDB database.
    Kurrentdb(Box<kurrentdb::DatabaseUrl>),
}

/// A log that takes events.
pub(crate) struct OpenLog {
    /// The log.
    pub(crate) log: Arc<dyn EventLog>,
    /// Why it takes no more of them, once it does not: then the process must end.
    pub(crate) failed: watch::Receiver<Option<Arc<str>>>,
}

impl LogPlace {
    /// Where the settings say that it is.
    ///
    /// # Errors
    /// One sentence, where they do not go together.
    pub(crate) fn of(settings: &Log, directory: &DataDir) -> anyhow::Result<Self> {
        match (settings.store, &settings.url) {
            (Store::Sqlite, None) => Ok(Self::File(directory.log())),
            (Store::Sqlite, Some(_)) => bail!(
                "log.url names a database and log.store is sqlite: set log.store to the kind of that database, or leave log.url out"
            ),
            (Store::Postgres, Some(LogUrl::Postgres(url))) => Ok(Self::Database(url.clone())),
            (Store::Kurrentdb, Some(LogUrl::Kurrentdb(url))) => {
                let password = settings.password_file.as_deref().map(password_file::read).transpose()?;
                ensure!(
                    password.is_none() || url.user().is_some(),
                    "log.password_file is set and log.url names no user: write whose password it is into log.url, before an @"
                );
                let entered = password.map(|password| url.with_password(&password));
                Ok(Self::Kurrentdb(entered.map_or_else(|| url.clone(), Box::new)))
            }
            (Store::Postgres, None) => bail!(
                "log.store is postgres and log.url is not set: say where the database is, for example \
                 postgres://keyledger@db.example.com/keyledger"
            ),
            (Store::Kurrentdb, None) => bail!(
                "log.store is kurrentdb and log.url is not set: say where the database is, for example \
                 kurrentdb://keyledger@db.example.com:2113"
            ),
            (Store::Postgres, Some(LogUrl::Kurrentdb(_))) => {
                bail!("log.store is postgres and log.url names a KurrentDB database: correct one of them")
            }
            (Store::Kurrentdb, Some(LogUrl::Postgres(_))) => {
                bail!("log.store is kurrentdb and log.url names a PostgreSQL database: correct one of them")
            }
        }
    }

    /// Whether a log is there. A file is not opened for that: on a full disk only whoever may write to it can.
    ///
    /// # Errors
    /// One sentence, where nobody can tell.
    pub(crate) async fn is_there(&self) -> anyhow::Result<bool> {
        match self {
            Self::File(path) => Ok(path.exists()),
            Self::Database(_) | Self::Kurrentdb(_) => Ok(self.found().await?.is_some()),
        }
    }

    /// Which log is there; none where none was begun.
    ///
    /// # Errors
    /// One sentence, where nobody can tell.
    pub(crate) async fn found(&self) -> anyhow::Result<Option<LogIdentity>> {
        match self {
            Self::File(path) if !path.exists() => Ok(None),
            Self::File(path) => Ok(Some(SqliteLog::open_read_only(path)?.identity())),
            Self::Database(url) => Ok(PostgresLog::found(url).await?),
            Self::Kurrentdb(url) => Ok(KurrentLog::found(url).await?),
        }
    }

    /// Begins a log with its first events, in one step: whenever this is cut off, there is the whole of it or nothing.
    /// A log that is a file is made in `unfinished` first.
    ///
    /// # Errors
    /// One sentence; [`AnotherIsThere`] where another process was faster.
    pub(crate) async fn begin(
        &self,
        identity: LogIdentity,
        first: &[Append],
        unfinished: &Path,
    ) -> anyhow::Result<()> {
        match self {
            Self::File(path) => {
                let made = unfinished.join(UNFINISHED);
                let log = SqliteLog::create(&made, identity)?;
                for append in first {
                    log.append(append.clone()).await.context("cannot record the first events")?;
                }
                // Closed, the log is one file, and can be moved.
                drop(log);
                fs::rename(&made, path).with_context(|| format!("cannot make {}", path.display()))
            }
            Self::Database(url) => match PostgresLog::create(url, identity, first).await {
                Ok(_) => Ok(()),
                Err(error @ postgres::OpenError::Exists { .. }) => Err(AnotherIsThere(error.into()).into()),
                Err(error) => Err(error.into()),
            },
            Self::Kurrentdb(url) => match KurrentLog::create(url, identity, first).await {
                Ok(_) => Ok(()),
                Err(error @ kurrentdb::OpenError::Exists { .. }) => Err(AnotherIsThere(error.into()).into()),
                Err(error) => Err(error.into()),
            },
        }
    }

    /// Opens it to write and read.
    ///
    /// # Errors
    /// One sentence that says what is missing or wrong, and what to do.
    pub(crate) async fn open(&self) -> anyhow::Result<OpenLog> {
        match self {
            Self::File(path) => {
                let log = SqliteLog::open(path)?;
                Ok(OpenLog { failed: told(log.failed()), log: Arc::new(log) })
            }
            Self::Database(url) => {
                let log = PostgresLog::open(url).await?;
                Ok(OpenLog { failed: told(log.failed()), log: Arc::new(log) })
            }
            Self::Kurrentdb(url) => {
                let log = KurrentLog::open(url).await?;
                Ok(OpenLog { failed: told(log.failed()), log: Arc::new(log) })
            }
        }
    }

    /// Opens it to read, also while others write.
    ///
    /// # Errors
    /// As [`LogPlace::open`].
    pub(crate) async fn open_read_only(&self) -> anyhow::Result<Arc<dyn EventLog>> {
        match self {
            Self::File(path) => Ok(Arc::new(SqliteLog::open_read_only(path)?)),
            Self::Database(url) => Ok(Arc::new(PostgresLog::open_read_only(url).await?)),
            Self::Kurrentdb(url) => Ok(Arc::new(KurrentLog::open_read_only(url).await?)),
        }
    }
}

impl fmt::Display for LogPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => path.display().fmt(f),
            Self::Database(url) => url.fmt(f),
            Self::Kurrentdb(url) => url.fmt(f),
        }
    }
}

/// Another process began a log there meanwhile.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct AnotherIsThere(Box<dyn Error + Send + Sync>);

/// Keeps in mind what a future comes to.
fn told(failed: impl Future<Output = Arc<str>> + Send + 'static) -> watch::Receiver<Option<Arc<str>>> {
    let (sender, receiver) = watch::channel(None);
    tokio::spawn(async move { sender.send_replace(Some(failed.await)) });
    receiver
}
