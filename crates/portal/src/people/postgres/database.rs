use std::{io, sync::Arc, time::Duration};

use keyledger_database_url::{DatabaseUrl, Waiting};
use sqlx::{
    ConnectOptions as _, PgConnection, PgPool,
    postgres::{PgConnectOptions, PgPoolOptions},
};

use super::{open::SCHEMA, session::Session};
use crate::people::rows::{Failure, Rows};

/// How many work with people at once; more wait.
const CONNECTIONS: u32 = 4;

/// How long somebody waits for their turn, or for the database.
pub(super) const PATIENCE: Duration = Duration::from_secs(5);

/// The database ends what takes too long, and the transaction of a machine that was stopped in the middle of one: it must not
/// keep the others from theirs. A commit survives a power cut, whatever the server does for others: a right that was
/// withdrawn must not come back with the power.
const SETTINGS: [(&str, &str); 6] = [
    ("search_path", SCHEMA),
    ("statement_timeout", "10s"),
    ("lock_timeout", "5s"),
    ("idle_in_transaction_session_timeout", "5s"),
    ("synchronous_commit", "on"),
    ("jit", "off"),
];

/// Begins a transaction beside which no other one changes anything, on any machine; whoever only reads goes on.
const CHANGE: &str = "BEGIN ISOLATION LEVEL READ COMMITTED; LOCK TABLE people IN SHARE ROW EXCLUSIVE MODE";

/// Begins one that sees a single moment.
const LOOK: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";

/// A PostgreSQL database with people. Its connections are made when they are needed.
#[derive(Clone)]
pub(in crate::people) struct Database(Arc<Inner>);

struct Inner {
    url: DatabaseUrl,
    waiting: Waiting,
    pool: PgPool,
}

impl Database {
    /// The database at `url`, which is not asked yet.
    pub(super) fn new(url: &DatabaseUrl) -> io::Result<Self> {
        let waiting = Waiting::new("people")?;
        let entered = waiting.enter();
        let pool = PgPoolOptions::new()
            .max_connections(CONNECTIONS)
            .acquire_timeout(PATIENCE)
            .connect_lazy_with(options(url));
        drop(entered);
        Ok(Self(Arc::new(Inner { url: url.clone(), waiting, pool })))
    }

    /// Waits on this thread for what the database answers.
    pub(super) fn wait<T>(&self, future: impl Future<Output = T>) -> T {
        self.0.waiting.wait(future)
    }

    /// A connection apart from the others.
    pub(super) async fn connect(&self) -> sqlx::Result<PgConnection> {
        self.in_time(options(&self.0.url)).await
    }

    /// A connection that makes tables, which may take its time.
    pub(super) async fn connect_to_make(&self) -> sqlx::Result<PgConnection> {
        self.in_time(self.0.url.options().options([("search_path", SCHEMA)])).await
    }

    async fn in_time(&self, options: PgConnectOptions) -> sqlx::Result<PgConnection> {
        let late = |_| Err(sqlx::Error::PoolTimedOut);
        tokio::time::timeout(PATIENCE, options.connect()).await.unwrap_or_else(late)
    }

    fn session(&self) -> Result<Session<'_>, Failure> {
        let db = self.wait(self.0.pool.acquire());
        Ok(Session::of(self, db.map_err(|error| Failure::Unavailable(error.to_string()))?))
    }

    pub(in crate::people) fn each<T>(
        &self,
        work: impl FnOnce(&mut dyn Rows) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        work(&mut self.session()?)
    }

    pub(in crate::people) fn look<T>(
        &self,
        work: impl FnOnce(&mut dyn Rows) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        self.within(LOOK, work)
    }

    pub(in crate::people) fn change<T, E: From<Failure>>(
        &self,
        work: impl FnOnce(&mut dyn Rows) -> Result<T, E>,
    ) -> Result<T, E> {
        self.within(CHANGE, work)
    }

    fn within<T, E: From<Failure>>(
        &self,
        begin: &'static str,
        work: impl FnOnce(&mut dyn Rows) -> Result<T, E>,
    ) -> Result<T, E> {
        let mut session = self.session()?;
        session.begin(begin)?;
        let done = work(&mut session);
        match &done {
            Ok(_) => session.end("COMMIT")?,
            // Where even this fails, its connection is closed, and that undoes it.
            Err(_) => drop(session.end("ROLLBACK")),
        }
        done
    }
}

fn options(url: &DatabaseUrl) -> PgConnectOptions {
    url.options().options(SETTINGS)
}
