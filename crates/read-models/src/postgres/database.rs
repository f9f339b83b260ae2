use std::{fmt, io, sync::Arc, time::Duration};

use keyledger_database_url::{DatabaseUrl, Waiting};
use sqlx::{
    ConnectOptions as _, PgConnection, PgPool,
    pool::PoolConnection,
    postgres::{PgPoolOptions, Postgres},
};

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
    waiting: Waiting,
    readers: PgPool,
}

impl Database {
    /// The database at `url`, which is not asked yet.
    ///
    /// # Errors
    /// Where the system gives no thread.
    pub fn new(url: DatabaseUrl) -> io::Result<Self> {
        let waiting = Waiting::new("read models")?;
        let settings = [
            ("search_path", Schema::Lists.name()),
            ("statement_timeout", STATEMENT),
            ("default_transaction_read_only", "on"),
        ];
        let options = url.options().options(settings).options(PLANS);
        let entered = waiting.enter();
        let readers =
            PgPoolOptions::new().max_connections(READERS).acquire_timeout(TURN).connect_lazy_with(options);
        drop(entered);
        Ok(Self(Arc::new(Inner { url, readers, waiting })))
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

    /// Waits on this thread for what the database answers.
    pub(super) fn wait<T>(&self, future: impl Future<Output = T>) -> T {
        self.0.waiting.wait(future)
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
