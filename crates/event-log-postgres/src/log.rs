use std::{future::Future, sync::Arc, time::Duration};

use async_trait::async_trait;
use keyledger_event_log::{
    Append, AppendError, Appended, Entrance, EventLog, Head, LogIdentity, Position, PositionOrder, ReadError,
    RecordedEvent, Revision, StreamName, lanes,
};
use metrics::histogram;
use sqlx::PgPool;
use tokio::{sync::watch, time::Instant};
use uuid::Uuid;

use crate::{
    DatabaseUrl, OpenError, connection::to_read, fault::of_reader, open, read, watcher::Watcher,
    writer::Writer,
};

/// An event log in a PostgreSQL database, written by any number of processes.
///
/// It lives on the tokio runtime that it was opened on. What was taken for appending when the handle is dropped is still
/// recorded, as long as that runtime runs.
pub struct PostgresLog {
    identity: LogIdentity,
    head: Head,
    failure: watch::Receiver<Option<Arc<str>>>,
    #[expect(dead_code, reason = "dropping it ends its task")]
    watcher: Watcher,
    readers: PgPool,
    /// Without it the writer comes to its end.
    entrance: Option<Entrance>,
}

impl PostgresLog {
    /// Makes a new log in a database that holds none, with its first events and not without them, and opens it.
    ///
    /// # Errors
    /// [`OpenError::Exists`] where there is one already; others as the database gives cause. Where the connection is lost
    /// at the end, the log may be there all the same: [`PostgresLog::found`] tells.
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

    /// Opens a log to write and read it, and brings its schema up to date.
    ///
    /// # Errors
    /// [`OpenError`], saying what to do.
    pub async fn open(url: &DatabaseUrl) -> Result<Self, OpenError> {
        Self::open_as(url, None).await
    }

    /// Opens a copy that is not finished, to write and read it as the log it is to be; an empty database is one. Until
    /// [`PostgresLog::finish`] nobody can open it as a log.
    ///
    /// # Errors
    /// [`OpenError::Exists`] where it is a log already; others as for [`PostgresLog::open`].
    pub async fn open_unfinished(url: &DatabaseUrl, identity: LogIdentity) -> Result<Self, OpenError> {
        Self::open_as(url, Some(identity)).await
    }

    /// Makes a copy the log that it is to be. No handle may be open.
    ///
    /// # Errors
    /// As [`PostgresLog::open_unfinished`].
    pub async fn finish(url: &DatabaseUrl, identity: LogIdentity) -> Result<(), OpenError> {
        open::finish(url, identity).await
    }

    async fn open_as(url: &DatabaseUrl, copied_as: Option<LogIdentity>) -> Result<Self, OpenError> {
        let (mut db, identity) = open::to_write(url, copied_as).await?;
        let end = read::end(&mut db).await.map_err(|error| OpenError::unusable(url, error))?;
        let head = Head::new(end.position);
        let (entrance, exit) = lanes();
        let (failure, failed_later) = watch::channel(None);
        let url_of_writer = url.clone();
        let writer = Writer {
            url: url_of_writer,
            // Of a copy nothing is written down that a connection could find.
            written_down: copied_as.is_none().then_some(identity),
            db: Some(db),
            end,
            lanes: exit,
            head: head.clone(),
            failure,
            away: false,
        };
        tokio::spawn(writer.run());
        Ok(Self::start(to_read(url), identity, head, Some(entrance), failed_later))
    }

    /// Opens a log to read it; appends are refused as unavailable. The user need not have a right to change anything.
    ///
    /// # Errors
    /// As [`PostgresLog::open`].
    pub async fn open_read_only(url: &DatabaseUrl) -> Result<Self, OpenError> {
        let identity = open::to_read(url).await?;
        let readers = to_read(url);
        let head = read::head(&readers).await.map_err(|error| OpenError::unusable(url, error))?;
        let (_, never) = watch::channel(None);
        Ok(Self::start(readers, identity, Head::new(head), None, never))
    }

    fn start(
        readers: PgPool,
        identity: LogIdentity,
        head: Head,
        entrance: Option<Entrance>,
        failure: watch::Receiver<Option<Arc<str>>>,
    ) -> Self {
        let watcher = Watcher::start(readers.clone(), head.clone());
        Self { identity, head, failure, watcher, readers, entrance }
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
impl EventLog for PostgresLog {
    fn identity(&self) -> LogIdentity {
        self.identity
    }

    fn order(&self) -> PositionOrder {
        PositionOrder::Dense
    }

    async fn append(&self, append: Append) -> Result<Appended, AppendError> {
        append.check()?;
        let Some(entrance) = &self.entrance else {
            return Err(AppendError::Unavailable("this process opened it for reading only".to_owned()));
        };
        let asked = Instant::now();
        let outcome = entrance.append(append).await;
        histogram!("keyledger_event_log_postgres_append_seconds").record(asked.elapsed().as_secs_f64());
        outcome
    }

    async fn append_in_order(&self, appends: Vec<Append>) -> Result<Vec<Appended>, AppendError> {
        appends.iter().try_for_each(Append::check)?;
        let Some(entrance) = &self.entrance else {
            return Err(AppendError::Unavailable("this process opened it for reading only".to_owned()));
        };
        entrance.append_in_order(appends).await
    }

    async fn read(&self, after: Position, limit: usize) -> Result<Vec<RecordedEvent>, ReadError> {
        read::after(&self.readers, after, limit).await.map_err(of_reader)
    }

    async fn read_stream(
        &self,
        stream: &StreamName,
        from: Revision,
    ) -> Result<Vec<RecordedEvent>, ReadError> {
        read::stream(&self.readers, stream, from).await.map_err(of_reader)
    }

    async fn find(&self, id: Uuid) -> Result<Option<RecordedEvent>, ReadError> {
        read::find(&self.readers, id).await.map_err(of_reader)
    }

    async fn head(&self) -> Result<Position, ReadError> {
        read::head(&self.readers).await.map_err(of_reader)
    }

    async fn wait(&self, after: Position, patience: Duration) -> Result<Position, ReadError> {
        match self.head.past(after, patience).await {
            // It was committed, or read from the database, a moment ago.
            Some(head) => Ok(head),
            None => self.head().await,
        }
    }
}
