use std::{future::Future, sync::Arc, time::Duration};

use async_trait::async_trait;
use keyledger_event_log::{
    Append, AppendError, Appended, Entrance, EventLog, Head, LogIdentity, Position, PositionOrder, ReadError,
    RecordedEvent, Revision, StreamName, lanes,
};
use metrics::histogram;
use tokio::{sync::watch, time::Instant};
use uuid::Uuid;

use crate::{
    DatabaseUrl, OpenError,
    append::{Appender, check},
    connection::Connection,
    fault::of_reader,
    open::{self, Opened},
    read,
    watcher::Watcher,
    writer::Writer,
};

/// An event log in a KurrentDB database, written by any number of processes.
///
/// It lives on the tokio runtime that it was opened on. What was taken for appending when the handle is dropped is still
/// recorded, as long as that runtime runs.
pub struct KurrentLog {
    identity: LogIdentity,
    head: Head,
    failure: watch::Receiver<Option<Arc<str>>>,
    watcher: Watcher,
    db: Arc<Connection>,
    /// Without it the writer comes to its end.
    entrance: Option<Entrance>,
}

impl KurrentLog {
    /// Makes a new log in a database that holds none, with its first events and not without them, and opens it.
    ///
    /// # Errors
    /// [`OpenError::Exists`] where there is one already; others as the database gives cause. Where the connection is lost
    /// at the end, the log may be there all the same: [`KurrentLog::found`] tells.
    pub async fn create(
        url: &DatabaseUrl,
        identity: LogIdentity,
        first: &[Append],
    ) -> Result<Self, OpenError> {
        open::create(url, identity, first).await?;
        Self::open(url).await
    }

    /// Which log a database holds; none where none was begun.
    ///
    /// # Errors
    /// [`OpenError`] where the database cannot be asked.
    pub async fn found(url: &DatabaseUrl) -> Result<Option<LogIdentity>, OpenError> {
        open::found(url).await
    }

    /// Opens a log to write and read it, and finishes it where whoever began it was cut off.
    ///
    /// # Errors
    /// [`OpenError`], saying what to do.
    pub async fn open(url: &DatabaseUrl) -> Result<Self, OpenError> {
        Ok(Self::written_to(open::to_write(url).await?))
    }

    /// Opens a copy that is not finished, to go on with it as the log that it is to be; an empty database is a copy of which
    /// nothing is there yet. Nobody else opens it, and no log is begun there.
    ///
    /// # Errors
    /// [`OpenError::Exists`] where a log is there; others as [`KurrentLog::open`].
    pub async fn open_unfinished(url: &DatabaseUrl, identity: LogIdentity) -> Result<Self, OpenError> {
        Ok(Self::written_to(open::unfinished(url, identity).await?))
    }

    /// Makes a copy the log that it is to be. Done again, it changes nothing.
    ///
    /// # Errors
    /// [`OpenError::Exists`] where another log is there; others as [`KurrentLog::open`].
    pub async fn finish(url: &DatabaseUrl, identity: LogIdentity) -> Result<(), OpenError> {
        open::finish(url, identity).await
    }

    /// Whether a database holds neither a log nor a part of one.
    ///
    /// # Errors
    /// [`OpenError`] where the database cannot be asked.
    pub async fn is_empty(url: &DatabaseUrl) -> Result<bool, OpenError> {
        open::is_empty(url).await
    }

    fn written_to(Opened { db, identity, is_finished, end }: Opened) -> Self {
        let head = Head::new(end.position);
        let (entrance, exit) = lanes();
        let (failure, failed_later) = watch::channel(None);
        let written_down = is_finished.then_some(identity);
        let appender = Arc::new(Appender::new(Arc::clone(&db), written_down, end, failure));
        tokio::spawn(Writer { appender, lanes: exit, head: head.clone() }.run());
        Self::start(db, identity, head, Some(entrance), failed_later)
    }

    /// Opens a log to read it; appends are refused as unavailable. The user need not have a right to change anything.
    ///
    /// # Errors
    /// As [`KurrentLog::open`], and [`OpenError::Unfinished`] where whoever began it was cut off.
    pub async fn open_read_only(url: &DatabaseUrl) -> Result<Self, OpenError> {
        let Opened { db, identity, end, .. } = open::to_read(url).await?;
        let (_, never) = watch::channel(None);
        Ok(Self::start(db, identity, Head::new(end.position), None, never))
    }

    fn start(
        db: Arc<Connection>,
        identity: LogIdentity,
        head: Head,
        entrance: Option<Entrance>,
        failure: watch::Receiver<Option<Arc<str>>>,
    ) -> Self {
        let watcher = Watcher::start(Arc::clone(&db), head.clone());
        Self { identity, head, failure, watcher, db, entrance }
    }

    /// Comes to an end when this process must not write to the log any more, and says why. Until then, and for ever on a
    /// handle that only reads or was dropped, it waits.
    pub fn failed(&self) -> impl Future<Output = Arc<str>> + Send + use<> {
        let mut failure = self.failure.clone();
        async move {
            match failure.wait_for(Option::is_some).await.ok().and_then(|why| why.clone()) {
                Some(why) => why,
                None => std::future::pending().await,
            }
        }
    }
}

#[async_trait]
impl EventLog for KurrentLog {
    fn identity(&self) -> LogIdentity {
        self.identity
    }

    fn order(&self) -> PositionOrder {
        PositionOrder::Sparse
    }

    async fn append(&self, append: Append) -> Result<Appended, AppendError> {
        check(&append)?;
        let Some(entrance) = &self.entrance else {
            return Err(AppendError::Unavailable("this process opened it for reading only".to_owned()));
        };
        let asked = Instant::now();
        let outcome = entrance.append(append).await;
        histogram!("keyledger_event_log_kurrentdb_append_seconds").record(asked.elapsed().as_secs_f64());
        outcome
    }

    async fn read(&self, after: Position, limit: usize) -> Result<Vec<RecordedEvent>, ReadError> {
        read::after(&self.db, after, limit).await.map_err(of_reader)
    }

    async fn read_stream(
        &self,
        stream: &StreamName,
        from: Revision,
    ) -> Result<Vec<RecordedEvent>, ReadError> {
        read::stream(&self.db, stream, from).await.map_err(of_reader)
    }

    async fn find(&self, id: Uuid) -> Result<Option<RecordedEvent>, ReadError> {
        read::find(&self.db, id).await.map_err(of_reader)
    }

    async fn head(&self) -> Result<Position, ReadError> {
        read::end(&self.db).await.map(|end| end.position).map_err(of_reader)
    }

    async fn wait(&self, after: Position, patience: Duration) -> Result<Position, ReadError> {
        let waiter = self.watcher.waiter();
        let head = self.head.past(after, patience).await;
        drop(waiter);
        match head {
            // It was recorded, or read from the database, a moment ago.
            Some(head) => Ok(head),
            None => self.head().await,
        }
    }
}
