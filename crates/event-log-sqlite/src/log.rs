use std::{
    future::Future,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use async_trait::async_trait;
use keyledger_event_log::{
    Append, AppendError, Appended, Entrance, EventLog, Head, LogIdentity, Position, PositionOrder, ReadError,
    RecordedEvent, Revision, StreamName, lanes,
};
use metrics::histogram;
use tokio::{sync::watch, time::Instant};
use uuid::Uuid;

use crate::{
    OpenError, open, read, readers::Readers, reserve::Reserve, watcher::Watcher, worker::Worker,
    writer::Writer,
};

/// An event log in one SQLite file.
///
/// One handle writes; [`SqliteLog::open_read_only`] makes others beside it, in this or another process. There
/// is no second writer: a log that does not end where its writer left it was changed by somebody else, and the writer
/// records nothing more.
///
/// Dropping the handle waits until what was taken for appending is recorded, and leaves one file behind.
pub struct SqliteLog {
    identity: LogIdentity,
    head: Head,
    failure: watch::Receiver<Option<Arc<str>>>,
    // Dropped in this order: the writer closes the file last, and so tidies up after all of them.
    #[expect(dead_code, reason = "dropping it ends its thread")]
    watcher: Watcher,
    readers: Readers,
    writing: Option<Writing>,
}

/// The writer thread and the way to it; without the way the thread comes to its end.
struct Writing {
    entrance: Entrance,
    #[expect(dead_code, reason = "dropping it waits for the thread")]
    worker: Worker,
}

impl SqliteLog {
    /// Makes a new, empty log and opens it. Blocks for some milliseconds.
    ///
    /// # Errors
    /// [`OpenError::Exists`] where there is a file already; others as the place gives cause.
    pub fn create(path: impl AsRef<Path>, identity: LogIdentity) -> Result<Self, OpenError> {
        open::create(path.as_ref(), Some(identity))?;
        Self::open(path)
    }

    /// Opens a copy that is not finished, to write and read it as the log it is to be, and makes an empty one where nothing
    /// is. Until [`SqliteLog::finish`] nobody can open it as a log.
    ///
    /// # Errors
    /// [`OpenError::Finished`] where it is a log already; others as for [`SqliteLog::open`].
    pub fn open_unfinished(path: impl AsRef<Path>, identity: LogIdentity) -> Result<Self, OpenError> {
        let path = path.as_ref();
        if !path.exists() {
            open::create(path, None)?;
        }
        Self::open_as(path, Some(identity))
    }

    /// Makes a copy the log that it is to be. No handle may be open.
    ///
    /// # Errors
    /// As [`SqliteLog::open_unfinished`].
    pub fn finish(path: impl AsRef<Path>, identity: LogIdentity) -> Result<(), OpenError> {
        open::finish(path.as_ref(), identity)
    }

    /// Opens a log to write and read it, and brings its schema up to date. Blocks for some milliseconds, longer after
    /// a crash.
    ///
    /// # Errors
    /// [`OpenError`], saying what to do. A file that is not a log of this build or an earlier one is left untouched.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, OpenError> {
        Self::open_as(path.as_ref(), None)
    }

    fn open_as(path: &Path, copied_as: Option<LogIdentity>) -> Result<Self, OpenError> {
        let failed = |error| OpenError::unusable(path, error);
        let mut reserve = Reserve::of(path);
        let opened = match open::to_write(path, copied_as) {
            // Even to be opened the log takes some space beside it. A full disk keeps nobody from reading; one that
            // failed an fsync is never asked again, because it would report success.
            Err(error) if error.may_be_for_want_of_space() && reserve.is_whole() => {
                reserve.give_up();
                open::to_write(path, copied_as)
            }
            opened => opened,
        };
        let (db, identity) = opened?;
        reserve.restore();
        let end = read::end(&db).map_err(|error| OpenError::unusable(path, error))?;
        let head = Head::new(end.position);
        let (entrance, exit) = lanes();
        let (failure, failed_later) = watch::channel(None);
        let writer = Writer { db, end, reserve, lanes: exit, head: head.clone(), failure };
        let worker = writer.start().map_err(failed)?;
        Self::start(path, identity, head, Some(Writing { entrance, worker }), failed_later)
    }

    /// Opens a log to read it beside the process that writes it; appends are refused as unavailable.
    ///
    /// # Errors
    /// As [`SqliteLog::open`].
    pub fn open_read_only(path: impl AsRef<Path>) -> Result<Self, OpenError> {
        Self::read_as(path.as_ref(), None)
    }

    /// Opens a copy that is not finished, to read it as the log it is to be.
    ///
    /// # Errors
    /// As [`SqliteLog::open_unfinished`].
    pub fn open_unfinished_read_only(
        path: impl AsRef<Path>,
        identity: LogIdentity,
    ) -> Result<Self, OpenError> {
        Self::read_as(path.as_ref(), Some(identity))
    }

    fn read_as(path: &Path, copied_as: Option<LogIdentity>) -> Result<Self, OpenError> {
        let (db, identity) = open::to_read(path, copied_as)?;
        let head = Head::new(read::head(&db).map_err(|error| OpenError::unusable(path, error))?);
        let (_, never) = watch::channel(None);
        Self::start(path, identity, head, None, never)
    }

    fn start(
        path: &Path,
        identity: LogIdentity,
        head: Head,
        writing: Option<Writing>,
        failure: watch::Receiver<Option<Arc<str>>>,
    ) -> Result<Self, OpenError> {
        let path = PathBuf::from(path);
        let watcher =
            Watcher::start(path.clone(), head.clone()).map_err(|error| OpenError::unusable(&path, error))?;
        Ok(Self { identity, head, failure, watcher, readers: Readers::new(path), writing })
    }

    /// Comes to an end when the log cannot be written any more, and says why: the process must end, because only a
    /// new one can find out what is durable, and whether what lies there is the log. Until then, and for ever on a handle that only reads or was dropped,
    /// it waits.
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
impl EventLog for SqliteLog {
    fn identity(&self) -> LogIdentity {
        self.identity
    }

    fn order(&self) -> PositionOrder {
        PositionOrder::Dense
    }

    async fn append(&self, append: Append) -> Result<Appended, AppendError> {
        append.check()?;
        let Some(writing) = &self.writing else {
            return Err(AppendError::Unavailable("this process opened it for reading only".to_owned()));
        };
        let asked = Instant::now();
        let outcome = writing.entrance.append(append).await;
        histogram!("keyledger_event_log_sqlite_append_seconds").record(asked.elapsed().as_secs_f64());
        outcome
    }

    async fn append_in_order(&self, appends: Vec<Append>) -> Result<Vec<Appended>, AppendError> {
        appends.iter().try_for_each(Append::check)?;
        let Some(writing) = &self.writing else {
            return Err(AppendError::Unavailable("this process opened it for reading only".to_owned()));
        };
        writing.entrance.append_in_order(appends).await
    }

    async fn read(&self, after: Position, limit: usize) -> Result<Vec<RecordedEvent>, ReadError> {
        self.readers.read(move |db| read::after(db, after, limit)).await
    }

    async fn read_stream(
        &self,
        stream: &StreamName,
        from: Revision,
    ) -> Result<Vec<RecordedEvent>, ReadError> {
        let stream = stream.clone();
        self.readers.read(move |db| read::stream(db, &stream, from)).await
    }

    async fn find(&self, id: Uuid) -> Result<Option<RecordedEvent>, ReadError> {
        self.readers.read(move |db| read::find(db, id)).await
    }

    async fn head(&self) -> Result<Position, ReadError> {
        self.readers.read(read::head).await
    }

    async fn wait(&self, after: Position, patience: Duration) -> Result<Position, ReadError> {
        match self.head.past(after, patience).await {
            // It was committed, or read from the file, a moment ago.
            Some(head) => Ok(head),
            None => self.head().await,
        }
    }
}
