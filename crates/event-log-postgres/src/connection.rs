use std::{fmt, str::FromStr, time::Duration};

use sqlx::{
    ConnectOptions as _, PgConnection, PgPool,
    postgres::{PgConnectOptions, PgPoolOptions},
};

use crate::fault::Fault;

/// How long one statement may take, and so how long a reader waits for a database that hangs.
const STATEMENT: &str = "10s";

/// How long a group waits for the lock that every writer takes.
const LOCK: &str = "5s";

/// After how long the database ends a transaction whose writer says nothing: a machine that was stopped, or cut off, in
/// the middle of one must not keep all others from writing.
const SILENCE: &str = "5s";

/// How many reads are under way at once; more wait.
const READERS: u32 = 8;

/// How long a read waits for its turn, or for the database.
const TURN: Duration = Duration::from_secs(5);

/// Where a database is, and how it is entered: `postgres://user:password@host:5432/database?sslmode=verify-full`. It
/// shows itself without the password.
#[derive(Clone)]
pub struct DatabaseUrl(PgConnectOptions);

/// The text is no such URL. It may hold a password, so it is not repeated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("is not a URL of a PostgreSQL database")]
pub struct InvalidDatabaseUrl;

impl FromStr for DatabaseUrl {
    type Err = InvalidDatabaseUrl;

    fn from_str(text: &str) -> Result<Self, InvalidDatabaseUrl> {
        if !(text.starts_with("postgres://") || text.starts_with("postgresql://")) {
            return Err(InvalidDatabaseUrl);
        }
        let options = PgConnectOptions::from_str(text).map_err(|_| InvalidDatabaseUrl)?;
        // Statements hold what must not be logged: private parts are among their parameters' neighbours.
        let quiet = options.disable_statement_logging();
        Ok(Self(quiet.application_name("keyledger")))
    }
}

impl fmt::Display for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(options) = self;
        write!(f, "postgres://{}", options.get_host())?;
        if options.get_port() != 5432 {
            write!(f, ":{}", options.get_port())?;
        }
        write!(f, "/{}", options.get_database().unwrap_or(options.get_username()))
    }
}

impl fmt::Debug for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl DatabaseUrl {
    /// The one connection that writes.
    pub(crate) async fn to_write(&self) -> sqlx::Result<PgConnection> {
        let settings = [
            ("statement_timeout", STATEMENT),
            ("lock_timeout", LOCK),
            ("idle_in_transaction_session_timeout", SILENCE),
        ];
        self.0.clone().options(settings).connect().await
    }

    /// A connection that changes the schema, which may take its time.
    pub(crate) fn to_migrate(&self) -> PgPool {
        PgPoolOptions::new().max_connections(1).acquire_timeout(TURN).connect_lazy_with(self.0.clone())
    }

    /// Connections that read, made when they are needed.
    pub(crate) fn to_read(&self) -> PgPool {
        let settings = [("statement_timeout", STATEMENT), ("default_transaction_read_only", "on")];
        PgPoolOptions::new()
            .max_connections(READERS)
            .acquire_timeout(TURN)
            .connect_lazy_with(self.0.clone().options(settings))
    }
}

/// Asks a server whether a commit on this connection survives a power cut.
pub(crate) async fn must_be_durable(db: &mut PgConnection) -> Result<(), Fault> {
    for (setting, wanted) in [
        // `remote_apply` waits for more than `on` does; the others for less than the flush.
        ("synchronous_commit", ["on", "remote_apply"].as_slice()),
        ("fsync", &["on"]),
        ("full_page_writes", &["on"]),
    ] {
        let found: String =
            sqlx::query_scalar("SELECT current_setting($1)").bind(setting).fetch_one(&mut *db).await?;
        if !wanted.contains(&found.as_str()) {
            return Err(Fault::NotDurable { setting, wanted: wanted[0], found });
        }
    }
    Ok(())
}
