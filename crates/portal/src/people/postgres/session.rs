use std::time::Duration;

use sqlx::{
    Column as _, Row as _, TypeInfo as _,
    pool::PoolConnection,
    postgres::{PgArguments, PgRow, Postgres},
    query::Query,
};
use tokio::time;

use super::Database;
use crate::people::rows::{Failure, Row, Rows, Value, bad};

/// After how long a connection counts as cut; the database itself gives a statement up before.
const CUT: Duration = Duration::from_secs(12);

/// A connection that is asked, and waited for.
pub(super) struct Session<'a> {
    database: &'a Database,
    /// None while it is dropped.
    db: Option<PoolConnection<Postgres>>,
    /// In the middle of a transaction.
    open: bool,
    /// A statement failed: what its transaction did is not to be committed.
    failed: bool,
}

impl Drop for Session<'_> {
    fn drop(&mut self) {
        let Some(db) = self.db.take() else { return };
        // One that nobody else may go on with is closed: it would wait, in the pool, for an answer that may never come.
        let sound = !self.open && !self.failed;
        self.database.wait(async move { if sound { drop(db) } else { drop(db.detach()) } });
    }
}

impl<'a> Session<'a> {
    pub(super) fn of(database: &'a Database, db: PoolConnection<Postgres>) -> Self {
        Self { database, db: Some(db), open: false, failed: false }
    }

    /// Begins a transaction, by these statements.
    pub(super) fn begin(&mut self, sql: &'static str) -> Result<(), Failure> {
        self.open = true;
        self.in_time(async |db| sqlx::raw_sql(sql).execute(&mut **db).await).map(|_| ())
    }

    /// Ends it, by this one.
    pub(super) fn end(&mut self, sql: &'static str) -> Result<(), Failure> {
        if self.failed {
            return Err(Failure::Unavailable("it failed before it could be committed".to_owned()));
        }
        self.in_time(async |db| sqlx::raw_sql(sql).execute(&mut **db).await)?;
        self.open = false;
        Ok(())
    }

    fn in_time<T>(
        &mut self,
        asked: impl AsyncFnOnce(&mut PoolConnection<Postgres>) -> sqlx::Result<T>,
    ) -> Result<T, Failure> {
        let Some(db) = &mut self.db else { unreachable!("it is only taken while this is dropped") };
        let answer = self.database.wait(async { time::timeout(CUT, asked(db)).await });
        let failure = match answer {
            Ok(Ok(answer)) => return Ok(answer),
            Ok(Err(error)) => failure(&error),
            Err(_) => Failure::Unavailable("the database does not answer".to_owned()),
        };
        self.failed = true;
        Err(failure)
    }
}

impl Rows for Session<'_> {
    fn ask(&mut self, sql: &'static str, with: &[Value]) -> Result<Vec<Row>, Failure> {
        let query = with.iter().fold(sqlx::query(sql), bound);
        let found = self.in_time(async |db| query.fetch_all(&mut **db).await)?;
        found.iter().map(values).collect()
    }

    fn run(&mut self, sql: &'static str, with: &[Value]) -> Result<u64, Failure> {
        let query = with.iter().fold(sqlx::query(sql), bound);
        Ok(self.in_time(async |db| query.execute(&mut **db).await)?.rows_affected())
    }
}

fn bound<'q>(query: Query<'q, Postgres, PgArguments>, value: &Value) -> Query<'q, Postgres, PgArguments> {
    match value {
        // Only texts may be missing.
        Value::Null => query.bind(None::<String>),
        Value::Integer(number) => query.bind(*number),
        Value::Text(text) => query.bind(text.clone()),
        Value::Bytes(bytes) => query.bind(bytes.clone()),
    }
}

fn values(row: &PgRow) -> Result<Row, Failure> {
    let value = |column: usize| -> Result<Value, Failure> {
        Ok(match row.column(column).type_info().name() {
            "TEXT" => row.try_get::<Option<String>, _>(column).map_err(|error| failure(&error))?.into(),
            "INT8" => row.try_get::<Option<i64>, _>(column).map_err(|error| failure(&error))?.into(),
            "BYTEA" => row.try_get::<Option<Vec<u8>>, _>(column).map_err(|error| failure(&error))?.into(),
            other => return Err(bad(column, format_args!("its type is {other}"))),
        })
    };
    (0..row.len()).map(value).collect::<Result<_, _>>().map(Row)
}

fn failure(error: &sqlx::Error) -> Failure {
    if error.as_database_error().is_some_and(|error| error.is_unique_violation()) {
        Failure::Taken
    } else {
        Failure::Unavailable(error.to_string())
    }
}
