use sqlx::PgConnection;

use super::{
    Database,
    schema::{LOCKS, Schema},
};

/// How a writer's session is set apart: the database ends one that says nothing in the middle of a transaction, or for long
/// (a machine that was stopped or cut off must not keep the lease); a commit need not survive a power cut, since what it
/// takes away, whole and from the end, is read from the log again.
const SETTINGS: [(&str, &str); 9] = [
    ("statement_timeout", "10s"),
    ("lock_timeout", "5s"),
    ("idle_in_transaction_session_timeout", "5s"),
    ("synchronous_commit", "off"),
    ("jit", "off"),
    // New tables have no statistics: without them thousands of keys are looked for by reading all of them.
    ("enable_seqscan", "off"),
    ("tcp_keepalives_idle", "3"),
    ("tcp_keepalives_interval", "1"),
    ("tcp_keepalives_count", "3"),
];

/// After how long without a word a session on the lists ends, and its lease with it. One that makes lists anew beside
/// keeps nobody waiting.
const SILENCE: &str = "5s";

/// The second half of the locks: of the lists that are read, and of those that are made anew.
const LISTS: i32 = 1;
const NEXT: i32 = 2;

/// The connection of a writer.
pub(super) struct Session {
    pub(super) db: PgConnection,
    /// Whether it holds the lease: then no other session does.
    pub(super) leads: bool,
    lease: i32,
}

impl Session {
    pub(super) async fn connect(database: &Database, schema: Schema) -> sqlx::Result<Self> {
        let (silence, lease) = if schema == Schema::Next { ("0", NEXT) } else { (SILENCE, LISTS) };
        let mut settings = SETTINGS.to_vec();
        settings.push(("idle_session_timeout", silence));
        let db = database.connect(schema, &settings).await?;
        Ok(Self { db, leads: false, lease })
    }

    /// Takes the lease where nobody has it, and tells whether this session has it. Either way the database hears of it.
    pub(super) async fn lead(&mut self) -> sqlx::Result<bool> {
        if self.leads {
            return sqlx::query_scalar("SELECT true").fetch_one(&mut self.db).await;
        }
        let taken = sqlx::query_scalar("SELECT pg_try_advisory_lock($1, $2)").bind(LOCKS).bind(self.lease);
        self.leads = taken.fetch_one(&mut self.db).await?;
        if self.leads && self.lease == LISTS {
            tracing::info!("this process writes the lists from now on");
        }
        Ok(self.leads)
    }
}
