use std::sync::Arc;

use keyledger_event_log::{Append, Checkpoint, LogIdentity};

use crate::{
    DatabaseUrl,
    append::{Appender, Failure, check},
    connection::Connection,
    fault::Fault,
    identity::{self, Begun, LAYOUT},
    read,
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
    /// A log was begun, and its first events do not lie in their streams yet.
    #[error("the log in {url} was begun and not finished: start the command service once, which does it")]
    Unfinished {
        /// The database.
        url: DatabaseUrl,
    },
    /// A copy of a log was begun, and nobody said yet that it is whole.
    #[error("{url} holds a copy of a log that is not finished: finish it, or name another database")]
    Copy {
        /// The database.
        url: DatabaseUrl,
    },
    /// The log was begun by a later build.
    #[error("the log in {url} has layout {found}, and this build knows {LAYOUT}: use a newer build")]
    Newer {
        /// The database.
        url: DatabaseUrl,
        /// Its layout.
        found: u64,
    },
    /// Anything else: no way there, no right to enter.
    #[error("the event log in {url} cannot be used ({source}): mend the cause, and start again")]
    Unusable {
        /// The database.
        url: DatabaseUrl,
        /// What it, or the way to it, says.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

impl OpenError {
    fn unusable(url: &DatabaseUrl, fault: Fault) -> Self {
        Self::Unusable { url: url.clone(), source: fault.into() }
    }
}

/// A log that was opened.
pub(crate) struct Opened {
    pub(crate) db: Arc<Connection>,
    pub(crate) identity: LogIdentity,
    /// Whether it is a log already, or a copy that is to be one.
    pub(crate) is_finished: bool,
    /// Its last event.
    pub(crate) end: Checkpoint,
}

/// Begins a log: in one step which one it is, and its first events.
pub(crate) async fn create(
    url: &DatabaseUrl,
    identity: LogIdentity,
    first: &[Append],
) -> Result<(), OpenError> {
    let failed = |fault| OpenError::unusable(url, fault);
    first.iter().try_for_each(check).map_err(|why| failed(Fault::Refused(why)))?;
    let db = Connection::new(url.clone());
    if let Some(Begun { identity: found, .. }) = identity::read(&db).await.map_err(failed)? {
        return Err(OpenError::Exists { url: url.clone(), found });
    }
    if holds_events(&db).await.map_err(failed)? {
        return Err(OpenError::Copy { url: url.clone() });
    }
    let begun = identity::begin(&db, identity, first).await;
    // Whatever the answer was, what is there now is who was first.
    let found = identity::read(&db).await.map_err(failed)?;
    match (begun, found) {
        (_, Some(Begun { identity: found, .. })) if found != identity => {
            Err(OpenError::Exists { url: url.clone(), found })
        }
        (_, Some(_)) => Ok(()),
        (Err(fault), None) => Err(failed(fault)),
        (Ok(()), None) => Err(failed(Fault::Changed)),
    }
}

/// Which log is there; none where none was begun.
pub(crate) async fn found(url: &DatabaseUrl) -> Result<Option<LogIdentity>, OpenError> {
    let begun = identity::read(&Connection::new(url.clone())).await;
    Ok(begun.map_err(|fault| OpenError::unusable(url, fault))?.map(|begun| begun.identity))
}

/// Whether there are events, of a log or of what is to be one.
async fn holds_events(db: &Connection) -> Result<bool, Fault> {
    Ok(read::end(db).await? != Checkpoint::start())
}

/// Whether nothing at all is there.
pub(crate) async fn is_empty(url: &DatabaseUrl) -> Result<bool, OpenError> {
    let holds = holds_events(&Connection::new(url.clone())).await;
    Ok(!holds.map_err(|fault| OpenError::unusable(url, fault))?)
}

/// A copy to be written to, as the log that it is to be.
pub(crate) async fn unfinished(url: &DatabaseUrl, identity: LogIdentity) -> Result<Opened, OpenError> {
    let failed = |fault| OpenError::unusable(url, fault);
    let db = Arc::new(Connection::new(url.clone()));
    if let Some(Begun { identity: found, .. }) = identity::read(&db).await.map_err(failed)? {
        return Err(OpenError::Exists { url: url.clone(), found });
    }
    let end = read::end(&db).await.map_err(failed)?;
    Ok(Opened { db, identity, is_finished: false, end })
}

/// Makes a copy the log that it is to be: it begins with nothing that would have to be laid.
pub(crate) async fn finish(url: &DatabaseUrl, identity: LogIdentity) -> Result<(), OpenError> {
    let failed = |fault| OpenError::unusable(url, fault);
    let db = Connection::new(url.clone());
    let begun = identity::begin(&db, identity, &[]).await;
    // Whatever the answer was, what is there now tells.
    match identity::read(&db).await.map_err(failed)? {
        Some(Begun { is_laid: true, identity: found, .. }) if found == identity => Ok(()),
        Some(found) if found.identity == identity => identity::laid(&db, &found).await.map_err(failed),
        Some(Begun { identity: found, .. }) => Err(OpenError::Exists { url: url.clone(), found }),
        None => Err(failed(begun.err().unwrap_or(Fault::Changed))),
    }
}

/// A log to write to, with its first events in their streams.
pub(crate) async fn to_write(url: &DatabaseUrl) -> Result<Opened, OpenError> {
    let failed = |fault| OpenError::unusable(url, fault);
    let (db, begun) = begun(url).await?;
    if !begun.is_laid {
        lay(&db, &begun).await.map_err(failed)?;
    }
    let end = read::end(&db).await.map_err(failed)?;
    Ok(Opened { db, identity: begun.identity, is_finished: true, end })
}

/// A log to read.
pub(crate) async fn to_read(url: &DatabaseUrl) -> Result<Opened, OpenError> {
    let (db, begun) = begun(url).await?;
    if !begun.is_laid {
        return Err(OpenError::Unfinished { url: url.clone() });
    }
    let end = read::end(&db).await.map_err(|fault| OpenError::unusable(url, fault))?;
    Ok(Opened { db, identity: begun.identity, is_finished: true, end })
}

async fn begun(url: &DatabaseUrl) -> Result<(Arc<Connection>, Begun), OpenError> {
    let db = Arc::new(Connection::new(url.clone()));
    let begun = identity::read(&db).await.map_err(|fault| OpenError::unusable(url, fault))?;
    let Some(begun) = begun else {
        let holds = holds_events(&db).await.map_err(|fault| OpenError::unusable(url, fault))?;
        let url = url.clone();
        return Err(if holds { OpenError::Copy { url } } else { OpenError::Missing { url } });
    };
    if begun.layout > LAYOUT {
        return Err(OpenError::Newer { url: url.clone(), found: begun.layout });
    }
    Ok((db, begun))
}

/// Lays the first events into their streams, and says that this was done. Several may do it at once, and one that was cut
/// off is gone on with: each append is one that was recorded before, or is recorded now.
async fn lay(db: &Arc<Connection>, begun: &Begun) -> Result<(), Fault> {
    let appender =
        Appender::new(Arc::clone(db), Some(begun.identity), Checkpoint::start(), Failure::new(None));
    for append in &begun.first {
        appender.append(append).await.map_err(Fault::Refused)?;
    }
    match identity::laid(db, begun).await {
        Ok(()) => Ok(()),
        Err(fault) => match identity::read(db).await? {
            Some(begun) if begun.is_laid => Ok(()),
            _ => Err(fault),
        },
    }
}
