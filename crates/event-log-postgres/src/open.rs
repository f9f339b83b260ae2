use keyledger_event_log::{Append, LogIdentity};
use sqlx::{Connection as _, PgConnection, migrate::MigrateError};

use crate::{
    DatabaseUrl,
    connection::{must_be_durable, to_migrate, to_write as connect},
    fault::Fault,
    group, schema,
};

/// Why a log was not begun or opened. Each text says what to do.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// A log was to be begun where one is already.
    #[error("{url} holds log {} already, and a log is never written over: open it, or name another database", found.log)]
    Exists {
        /// The database.
        url: DatabaseUrl,
        /// The log that is there.
        found: LogIdentity,
    },
    /// There is nothing to open.
    #[error("there is no event log in {url}: initialise one, or correct log.url")]
    Missing {
        /// The database.
        url: DatabaseUrl,
    },
    /// There are events, and nobody has said yet that they are all of a log.
    #[error(
        "{url} holds a copy of a log that was not finished, and nobody may work on it: finish it with \
         `keyledger log copy --finish` or `keyledger restore`, or name another database"
    )]
    Unfinished {
        /// The database.
        url: DatabaseUrl,
    },
    /// The tables were made by a later build.
    #[error("the log in {url} has schema version {found}, and this build knows {known}: use a newer build")]
    Newer {
        /// The database.
        url: DatabaseUrl,
        /// Its schema version.
        found: i64,
        /// The newest schema version of this build.
        known: i64,
    },
    /// The tables are an earlier build's, or none, and cannot be changed.
    #[error(
        "the tables in {url} cannot be made or brought up to date ({source}): let their owner start this build once"
    )]
    Schema {
        /// The database.
        url: DatabaseUrl,
        /// What speaks against it.
        source: Box<MigrateError>,
    },
    /// A commit there would not survive a power cut.
    #[error(
        "{url} cannot be durable, {setting} is {found:?} and not {wanted:?}: change it on the server, and start again"
    )]
    NotDurable {
        /// The database.
        url: DatabaseUrl,
        /// PostgreSQL's setting.
        setting: &'static str,
        /// What it must be.
        wanted: &'static str,
        /// What it was when read back.
        found: String,
    },
    /// Anything else: no way there, no right to enter, no such database.
    #[error("the event log in {url} cannot be used ({source}): mend the cause, and start again")]
    Unusable {
        /// The database.
        url: DatabaseUrl,
        /// What it, or the way to it, says.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

impl OpenError {
    pub(crate) fn unusable(
        url: &DatabaseUrl,
        source: impl Into<Box<dyn std::error::Error + Send + Sync>>,
    ) -> Self {
        Self::Unusable { url: url.clone(), source: source.into() }
    }

    fn fault(url: &DatabaseUrl, fault: Fault) -> Self {
        match fault {
            Fault::NotDurable { setting, wanted, found } => {
                Self::NotDurable { url: url.clone(), setting, wanted, found }
            }
            other => Self::unusable(url, other),
        }
    }
}

/// Makes the tables of a new log, and in one transaction the log: which one it is, and its first events.
pub(crate) async fn create(
    url: &DatabaseUrl,
    identity: LogIdentity,
    first: &[Append],
) -> Result<(), OpenError> {
    let mut db = writable(url).await?;
    let failed = |error: sqlx::Error| OpenError::unusable(url, error);
    let mut transaction = db.begin().await.map_err(failed)?;
    // Whoever is first writes the one row; another waits here until that has ended.
    if schema::set_identity(&mut transaction, identity).await.map_err(failed)? {
        if schema::holds_events(&mut transaction).await.map_err(failed)? {
            return Err(OpenError::Unfinished { url: url.clone() });
        }
        let begun = group::begin(&mut transaction, first).await;
        begun.map_err(|why| OpenError::unusable(url, why))?;
        return transaction.commit().await.map_err(failed);
    }
    let found = schema::identity(&mut transaction).await.map_err(failed)?;
    Err(found.map_or_else(|| missing(url), |found| OpenError::Exists { url: url.clone(), found }))
}

/// Which log is there; none where none was begun.
pub(crate) async fn found(url: &DatabaseUrl) -> Result<Option<LogIdentity>, OpenError> {
    let failed = |error: sqlx::Error| OpenError::unusable(url, error);
    let mut db = connect(url).await.map_err(failed)?;
    if version(url, &mut db).await? == 0 {
        return Ok(None);
    }
    let found = schema::identity(&mut db).await.map_err(failed)?;
    if found.is_none() && schema::holds_events(&mut db).await.map_err(failed)? {
        return Err(OpenError::Unfinished { url: url.clone() });
    }
    Ok(found)
}

/// A connection that writes to the log, durable, with this build's schema. `copied_as` is the identity that an unfinished
/// copy is to get; a log has its own.
pub(crate) async fn to_write(
    url: &DatabaseUrl,
    copied_as: Option<LogIdentity>,
) -> Result<(PgConnection, LogIdentity), OpenError> {
    let mut db = writable(url).await?;
    let found = schema::identity(&mut db).await.map_err(|error| OpenError::unusable(url, error))?;
    match (found, copied_as) {
        (Some(identity), None) | (None, Some(identity)) => Ok((db, identity)),
        (Some(found), Some(_)) => Err(OpenError::Exists { url: url.clone(), found }),
        (None, None) => match schema::holds_events(&mut db).await {
            Ok(true) => Err(OpenError::Unfinished { url: url.clone() }),
            Ok(false) => Err(missing(url)),
            Err(error) => Err(OpenError::unusable(url, error)),
        },
    }
}

/// Makes a copy the log that it is to be, durably and in one step.
pub(crate) async fn finish(url: &DatabaseUrl, identity: LogIdentity) -> Result<(), OpenError> {
    let mut db = writable(url).await?;
    let failed = |error: sqlx::Error| OpenError::unusable(url, error);
    if schema::set_identity(&mut db, identity).await.map_err(failed)? {
        return Ok(());
    }
    let found = schema::identity(&mut db).await.map_err(failed)?;
    Err(found.map_or_else(|| missing(url), |found| OpenError::Exists { url: url.clone(), found }))
}

/// Which log is there, for somebody who only reads it.
pub(crate) async fn to_read(url: &DatabaseUrl) -> Result<LogIdentity, OpenError> {
    found(url).await?.ok_or_else(|| missing(url))
}

async fn writable(url: &DatabaseUrl) -> Result<PgConnection, OpenError> {
    let mut db = connect(url).await.map_err(|error| OpenError::unusable(url, error))?;
    must_be_durable(&mut db).await.map_err(|fault| OpenError::fault(url, fault))?;
    // Only the owner of the tables may change them, and who writes into them need not be it.
    if version(url, &mut db).await? < schema::KNOWN {
        let migrated = schema::migrate(&to_migrate(url)).await;
        migrated.map_err(|source| OpenError::Schema { url: url.clone(), source: Box::new(source) })?;
    }
    Ok(db)
}

/// The schema version of a log that this build can work with.
async fn version(url: &DatabaseUrl, db: &mut PgConnection) -> Result<i64, OpenError> {
    let found = schema::version(db).await.map_err(|error| OpenError::unusable(url, error))?;
    if found <= schema::KNOWN {
        return Ok(found);
    }
    Err(OpenError::Newer { url: url.clone(), found, known: schema::KNOWN })
}

fn missing(url: &DatabaseUrl) -> OpenError {
    OpenError::Missing { url: url.clone() }
}
