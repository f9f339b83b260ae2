use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rusqlite::{
    Connection, Error, ErrorCode, ToSql, TransactionBehavior, params_from_iter,
    types::{ToSqlOutput, ValueRef},
};

use crate::people::rows::{Failure, Row, Rows, Value, bad};

/// The file's one connection in this process.
#[derive(Clone)]
pub(in crate::people) struct File(Arc<Mutex<Connection>>);

impl File {
    pub(super) fn of(db: Connection) -> Self {
        Self(Arc::new(Mutex::new(db)))
    }

    fn db(&self) -> MutexGuard<'_, Connection> {
        // A panic rolls its transaction back.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(in crate::people) fn each<T>(
        &self,
        work: impl FnOnce(&mut dyn Rows) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        work(&mut &*self.db())
    }

    pub(in crate::people) fn look<T>(
        &self,
        work: impl FnOnce(&mut dyn Rows) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        let mut db = self.db();
        // What it reads first fixes the moment.
        let transaction = db.transaction_with_behavior(TransactionBehavior::Deferred).map_err(failure)?;
        work(&mut &*transaction)
    }

    pub(in crate::people) fn change<T, E: From<Failure>>(
        &self,
        work: impl FnOnce(&mut dyn Rows) -> Result<T, E>,
    ) -> Result<T, E> {
        let mut db = self.db();
        let transaction = db.transaction_with_behavior(TransactionBehavior::Immediate).map_err(failure)?;
        let done = work(&mut &*transaction)?;
        transaction.commit().map_err(failure)?;
        Ok(done)
    }
}

impl Rows for &Connection {
    fn ask(&mut self, sql: &'static str, with: &[Value]) -> Result<Vec<Row>, Failure> {
        let mut statement = self.prepare_cached(&numbered(sql)).map_err(failure)?;
        let columns = statement.column_count();
        let mut found = statement.query(params_from_iter(with)).map_err(failure)?;
        let mut rows = Vec::new();
        while let Some(row) = found.next().map_err(failure)? {
            let values = (0..columns).map(|column| value(row.get_ref(column).map_err(failure)?, column));
            rows.push(Row(values.collect::<Result<_, _>>()?));
        }
        Ok(rows)
    }

    fn run(&mut self, sql: &'static str, with: &[Value]) -> Result<u64, Failure> {
        let mut statement = self.prepare_cached(&numbered(sql)).map_err(failure)?;
        let changed = statement.execute(params_from_iter(with)).map_err(failure)?;
        Ok(u64::try_from(changed).unwrap_or(u64::MAX))
    }
}

/// SQLite takes `$1` for a name, and numbers names by where they come first; `?1` is a number.
fn numbered(sql: &str) -> String {
    sql.replace('$', "?")
}

impl ToSql for Value {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            Self::Null => ValueRef::Null,
            Self::Integer(number) => ValueRef::Integer(*number),
            Self::Text(text) => ValueRef::Text(text.as_bytes()),
            Self::Bytes(bytes) => ValueRef::Blob(bytes),
        }))
    }
}

fn value(value: ValueRef<'_>, column: usize) -> Result<Value, Failure> {
    Ok(match value {
        ValueRef::Null => Value::Null,
        ValueRef::Integer(number) => Value::Integer(number),
        ValueRef::Text(_) => Value::Text(value.as_str().map_err(|error| bad(column, error))?.to_owned()),
        ValueRef::Blob(bytes) => Value::Bytes(bytes.to_vec()),
        ValueRef::Real(_) => return Err(bad(column, "it is no whole number")),
    })
}

fn failure(error: Error) -> Failure {
    if error.sqlite_error_code() == Some(ErrorCode::ConstraintViolation) {
        Failure::Taken
    } else {
        Failure::Unavailable(error.to_string())
    }
}
