use std::{
    fmt, io,
    pin::pin,
    sync::Arc,
    task::{Context, Poll, Wake, Waker},
    thread::{self, Thread},
    time::Duration,
};

use keyledger_database_url::DatabaseUrl;
use sqlx::{
    ConnectOptions as _, PgConnection, PgPool,
    pool::PoolConnection,
    postgres::{PgPoolOptions, Postgres},
};
use tokio::runtime::{Builder, Runtime};

use super::{questions::Reading, schema::Schema};
use crate::ReadModelError;

/// How many questions are under way at once; more wait.
const READERS: u32 = 8;

/// How long a question waits for its turn, or for the database.
const TURN: Duration = Duration::from_secs(5);

/// How long one statement of a reader may take.
const STATEMENT: &str = "10s";

/// Indexes lead straight to a page. A table that was made a moment ago has no statistics yet, and without them other plans
/// are chosen, which are right and slow.
const PLANS: [(&str, &str); 3] = [("enable_seqscan", "off"), ("enable_bitmapscan", "off"), ("jit", "off")];

/// A PostgreSQL database with read models. Clones share its connections, which are made when they are needed. Whoever asks
/// it is blocked, as by a file: its own thread waits for the network, so it may be asked from any other.
#[derive(Clone)]
pub struct Database(Arc<Inner>);

struct Inner {
    url: DatabaseUrl,
    readers: PgPool,
    /// None while it is dropped.
    runtime: Option<Runtime>,
}

impl Drop for Inner {
    fn drop(&mut self) {
        // It may be dropped where nobody may wait.
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

impl Database {
    /// The database at `url`, which is not asked yet.
    ///
    /// # Errors
    /// Where the system gives no thread.
    pub fn new(url: DatabaseUrl) -> io::Result<Self> {
        let runtime =
            Builder::new_multi_thread().worker_threads(1).thread_name("read models").enable_all().build()?;
        let settings = [
            ("search_path", Schema::Lists.name()),
            ("statement_timeout", STATEMENT),
            ("default_transaction_read_only", "on"),
        ];
        let options = url.options().options(settings).options(PLANS);
        let entered = runtime.enter();
        let readers =
            PgPoolOptions::new().max_connections(READERS).acquire_timeout(TURN).connect_lazy_with(options);
        drop(entered);
        Ok(Self(Arc::new(Inner { url, readers, runtime: Some(runtime) })))
    }

    /// A connection that finds the tables of a schema, with more settings.
    pub(super) async fn connect(
        &self,
        schema: Schema,
        settings: &[(&str, &str)],
    ) -> sqlx::Result<PgConnection> {
        let options = self.0.url.options().options([("search_path", schema.name())]);
        let connecting = options.options(settings.iter().copied());
        let late = |_| Err(sqlx::Error::PoolTimedOut);
        tokio::time::timeout(TURN, connecting.connect()).await.unwrap_or_else(late)
    }

    /// A connection that answers questions.
    pub(crate) fn reading(&self) -> Result<Reading<'_, PoolConnection<Postgres>>, ReadModelError> {
        let db = self.wait(self.0.readers.acquire())?;
        Ok(Reading { database: self, db: Some(db) })
    }

    /// Waits on this thread until the runtime has brought a future to its end.
    ///
    /// Neither `Handle::block_on` nor `block_in_place` would do: a projector applies events within a runtime of its own.
    pub(super) fn wait<T>(&self, future: impl Future<Output = T>) -> T {
        let Some(runtime) = &self.0.runtime else { unreachable!("it is only taken while this is dropped") };
        // What the future drops, it drops within the runtime too.
        let _entered = runtime.enter();
        // The budget of the task that this thread may be in the middle of is not ours: used up, it would never come back.
        let mut future = pin!(tokio::task::unconstrained(future));
        let waker = Waker::from(Arc::new(Unpark(thread::current())));
        let mut context = Context::from_waker(&waker);
        loop {
            match future.as_mut().poll(&mut context) {
                Poll::Ready(answer) => return answer,
                Poll::Pending => thread::park(),
            }
        }
    }
}

/// Wakes a thread that waits for a future.
struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

impl fmt::Display for Database {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.url.fmt(f)
    }
}

impl fmt::Debug for Database {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
