use std::fmt::Display;

use serde::Deserialize;

/// What a column holds, the same in every store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Value {
    /// Nothing.
    Null,
    /// A whole number.
    Integer(i64),
    /// A text.
    Text(String),
    /// Bytes.
    Bytes(Vec<u8>),
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<i64> for Value {
    fn from(number: i64) -> Self {
        Self::Integer(number)
    }
}

impl From<bool> for Value {
    fn from(flag: bool) -> Self {
        Self::Integer(flag.into())
    }
}

impl From<Vec<u8>> for Value {
    fn from(bytes: Vec<u8>) -> Self {
        Self::Bytes(bytes)
    }
}

impl From<[u8; 32]> for Value {
    fn from(bytes: [u8; 32]) -> Self {
        Self::Bytes(bytes.to_vec())
    }
}

impl<T: Into<Self>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

/// Why a store did not do what it was told.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Failure {
    /// There is a row already that this one would be taken for.
    #[error("it is there already")]
    Taken,
    /// It does not answer, or holds what nobody of ours wrote.
    #[error("{0}")]
    Unavailable(String),
}

/// The rows of a store. A statement is one text for every store: its parameters are `$1`, `$2`, and so on.
pub(super) trait Rows {
    /// What a statement answers.
    fn ask(&mut self, sql: &'static str, with: &[Value]) -> Result<Vec<Row>, Failure>;

    /// Carries a statement out; says how many rows it was about.
    fn run(&mut self, sql: &'static str, with: &[Value]) -> Result<u64, Failure>;
}

/// A row of an answer. A column that holds what nothing of ours can have is damage.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Row(pub(super) Vec<Value>);

impl Row {
    pub(super) fn text(&self, column: usize) -> Result<&str, Failure> {
        self.text_or_none(column)?.ok_or_else(|| bad(column, "it is empty"))
    }

    pub(super) fn text_or_none(&self, column: usize) -> Result<Option<&str>, Failure> {
        match self.0.get(column) {
            Some(Value::Text(text)) => Ok(Some(text)),
            Some(Value::Null) => Ok(None),
            _ => Err(bad(column, "it is no text")),
        }
    }

    pub(super) fn integer(&self, column: usize) -> Result<i64, Failure> {
        match self.0.get(column) {
            Some(Value::Integer(number)) => Ok(*number),
            _ => Err(bad(column, "it is no number")),
        }
    }

    pub(super) fn flag(&self, column: usize) -> Result<bool, Failure> {
        match self.integer(column)? {
            0 => Ok(false),
            1 => Ok(true),
            _ => Err(bad(column, "it is neither 0 nor 1")),
        }
    }

    pub(super) fn bytes(&self, column: usize) -> Result<&[u8], Failure> {
        match self.0.get(column) {
            Some(Value::Bytes(bytes)) => Ok(bytes),
            _ => Err(bad(column, "it holds no bytes")),
        }
    }

    pub(super) fn parsed<T, E: Display>(
        &self,
        column: usize,
        parse: impl FnOnce(&str) -> Result<T, E>,
    ) -> Result<T, Failure> {
        parse(self.text(column)?).map_err(|error| bad(column, error))
    }

    /// A value that a column holds as JSON; SQL's null is JSON's.
    pub(super) fn json<T: for<'a> Deserialize<'a>>(&self, column: usize) -> Result<T, Failure> {
        let text = self.text_or_none(column)?.unwrap_or("null");
        serde_json::from_str(text).map_err(|error| bad(column, error))
    }
}

/// What is said of a value that nobody of ours wrote; the value itself stays where it is.
pub(super) fn bad(column: usize, why: impl Display) -> Failure {
    Failure::Unavailable(format!("column {column}: {why}"))
}
