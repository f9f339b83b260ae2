use rusqlite::{Connection, Error, ToSql, params_from_iter, types};

use crate::{
    ReadModelError,
    question::{Ask, Question},
    value::{Row, Value, bad},
};

impl ToSql for Value {
    fn to_sql(&self) -> rusqlite::Result<types::ToSqlOutput<'_>> {
        Ok(types::ToSqlOutput::Borrowed(match self {
            Self::Null => types::ValueRef::Null,
            Self::Integer(number) => types::ValueRef::Integer(*number),
            Self::Text(text) => types::ValueRef::Text(text.as_bytes()),
            Self::Bytes(bytes) => types::ValueRef::Blob(bytes),
        }))
    }
}

/// One statement is of one moment by itself; several are where they are asked within a transaction.
impl Ask for &Connection {
    fn each(
        &mut self,
        question: Question,
        with: &[Value],
        row: &mut dyn FnMut(Row) -> Result<(), ReadModelError>,
    ) -> Result<(), ReadModelError> {
        let mut statement = self.prepare_cached(question.sqlite)?;
        let columns = statement.column_count();
        let mut rows = statement.query(params_from_iter(with))?;
        while let Some(found) = rows.next()? {
            let values = (0..columns).map(|column| value(found.get_ref(column)?, column));
            row(Row(values.collect::<Result<_, _>>()?))?;
        }
        Ok(())
    }
}

fn value(value: types::ValueRef<'_>, column: usize) -> Result<Value, ReadModelError> {
    Ok(match value {
        types::ValueRef::Null => Value::Null,
        types::ValueRef::Integer(number) => Value::Integer(number),
        types::ValueRef::Text(_) => {
            Value::Text(value.as_str().map_err(|error| bad(column, Error::from(error)))?.to_owned())
        }
        types::ValueRef::Blob(bytes) => Value::Bytes(bytes.to_vec()),
        types::ValueRef::Real(_) => return Err(bad(column, "it is no whole number")),
    })
}
