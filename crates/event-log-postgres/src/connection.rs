use std::time::Duration;

use keyledger_database_url::DatabaseUrl;
use sqlx::{ConnectOptions as _, PgConnection, PgPool, postgres::PgPoolOptions};

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

/// The one connection that writes.
pub(crate) async fn to_write(url: &DatabaseUrl) -> sqlx::Result<PgConnection> {
    let settings = [
        ("statement_timeout", STATEMENT),
        ("lock_timeout", LOCK),
        ("idle_in_transaction_session_timeout", SILENCE),
    ];
    url.options().options(settings).connect().await
}

/// A connection that changes the schema, which may take its time.
pub(crate) fn to_migrate(url: &DatabaseUrl) -> PgPool {
    PgPoolOptions::new().max_connections(1).acquire_timeout(TURN).connect_lazy_with(url.options())
}

/// Connections that read, made when they are needed.
pub(crate) fn to_read(url: &DatabaseUrl) -> PgPool {
    let settings = [("statement_timeout", STATEMENT), ("default_transaction_read_only", "on")];
    PgPoolOptions::new()
        .max_connections(READERS)
        .acquire_timeout(TURN)
        .connect_lazy_with(url.options().options(settings))
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
