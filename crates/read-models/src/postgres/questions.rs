use std::ops::DerefMut;

use futures_util::StreamExt as _;
use sqlx::{
    Column as _, PgConnection, Row as _, TypeInfo as _,
    postgres::{PgArguments, PgRow, Postgres},
    query::Query,
};

use super::{Database, schema::Schema};
use crate::{
    Contents, ReadModelError, digest,
    question::{Ask, Question},
    value::{Row, Value, bad},
};

/// A connection that is asked, and waited for.
pub(crate) struct Reading<'a, C: DerefMut<Target = PgConnection>> {
    pub(super) database: &'a Database,
    /// None while it is dropped.
    pub(super) db: Option<C>,
}

impl<C: DerefMut<Target = PgConnection>> Drop for Reading<'_, C> {
    fn drop(&mut self) {
        // One of a pool goes back by a task of its runtime.
        let db = self.db.take();
        self.database.wait(async move { drop(db) });
    }
}

impl<C: DerefMut<Target = PgConnection>> Ask for Reading<'_, C> {
    fn each(
        &mut self,
        question: Question,
        with: &[Value],
        row: &mut dyn FnMut(Row) -> Result<(), ReadModelError>,
    ) -> Result<(), ReadModelError> {
        let Some(db) = &mut self.db else { unreachable!("it is only taken while this is dropped") };
        self.database.wait(each(db, question, with, row))
    }
}

/// Hands each row of an answer to `row`.
pub(super) async fn each(
    db: &mut PgConnection,
    question: Question,
    with: &[Value],
    row: &mut dyn FnMut(Row) -> Result<(), ReadModelError>,
) -> Result<(), ReadModelError> {
    let query = with.iter().fold(sqlx::query(question.postgres), bound);
    let mut rows = query.fetch(db);
    while let Some(found) = rows.next().await {
        row(values(&found?)?)?;
    }
    Ok(())
}

fn bound<'q>(query: Query<'q, Postgres, PgArguments>, value: &Value) -> Query<'q, Postgres, PgArguments> {
    match value {
        Value::Null => query.bind(None::<String>),
        Value::Integer(number) => query.bind(*number),
        Value::Text(text) => query.bind(text.clone()),
        Value::Bytes(bytes) => query.bind(bytes.clone()),
    }
}

/// A row as every store hands it on.
pub(super) fn values(row: &PgRow) -> Result<Row, ReadModelError> {
    let value = |column: usize| -> Result<Value, ReadModelError> {
        Ok(match row.column(column).type_info().name() {
            "TEXT" => row.try_get::<Option<String>, _>(column)?.into(),
            "INT8" => row.try_get::<Option<i64>, _>(column)?.map_or(Value::Null, Value::Integer),
            "BYTEA" => row.try_get::<Option<Vec<u8>>, _>(column)?.map_or(Value::Null, Value::Bytes),
            other => return Err(bad(column, format_args!("its type is {other}"))),
        })
    };
    (0..row.len()).map(value).collect::<Result<_, _>>().map(Row)
}

/// How often everything is read again because the lists were made anew meanwhile.
const TRIES: usize = 5;

/// What the lists hold, as a digest. Reads all of them.
pub(crate) fn contents(database: &Database) -> Result<Contents, ReadModelError> {
    contents_of(database, Schema::Lists)
}

/// What the tables of a schema hold. A transaction is of one moment, but the name of a schema is not: where it changed
/// meanwhile, tables of both were read.
pub(super) fn contents_of(database: &Database, schema: Schema) -> Result<Contents, ReadModelError> {
    for _ in 0..TRIES {
        if let Some(contents) = of_one_table(database, schema, |moment| digest::contents(moment))? {
            return Ok(contents);
        }
    }
    Err(ReadModelError::Unavailable("the lists are made anew again and again".to_owned()))
}

/// Asks several questions of one moment, once.
pub(crate) fn at_one_moment<T>(
    database: &Database,
    ask: impl FnOnce(&mut Reading<'_, Box<PgConnection>>) -> Result<T, ReadModelError>,
) -> Result<T, ReadModelError> {
    let answer = of_one_table(database, Schema::Lists, ask)?;
    answer.ok_or_else(|| ReadModelError::Unavailable("the lists were made anew meanwhile".to_owned()))
}

/// The answer of one moment; none where the tables were exchanged meanwhile.
fn of_one_table<T>(
    database: &Database,
    schema: Schema,
    ask: impl FnOnce(&mut Reading<'_, Box<PgConnection>>) -> Result<T, ReadModelError>,
) -> Result<Option<T>, ReadModelError> {
    let settings = [("default_transaction_read_only", "on"), ("enable_seqscan", "off")];
    let db = database.wait(database.connect(schema, &settings))?;
    let mut reading = Reading { database, db: Some(Box::new(db)) };
    reading.run("BEGIN ISOLATION LEVEL REPEATABLE READ")?;
    let before = reading.ask(WHICH, &[], |row| row.integer(0))?;
    let answer = ask(&mut reading)?;
    Ok((reading.ask(WHICH, &[], |row| row.integer(0))? == before).then_some(answer))
}

/// Which tables the names stand for; catalogues tell the present, whatever moment a transaction is of.
const WHICH: Question =
    Question { sqlite: "", postgres: "SELECT coalesce(to_regclass('checkpoint')::oid::bigint, 0)" };

impl<C: DerefMut<Target = PgConnection>> Reading<'_, C> {
    fn run(&mut self, sql: &'static str) -> Result<(), ReadModelError> {
        let Some(db) = &mut self.db else { unreachable!("it is only taken while this is dropped") };
        self.database.wait(sqlx::raw_sql(sql).execute(&mut **db))?;
        Ok(())
    }
}
