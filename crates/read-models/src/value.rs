use std::fmt::Display;

use keyledger_domain::KeyId;
use serde::{Serialize, de::DeserializeOwned};
use uuid::Uuid;

use crate::ReadModelError;

/// What a column holds, the same in every store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Value {
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

impl From<u32> for Value {
    fn from(number: u32) -> Self {
        Self::Integer(number.into())
    }
}

impl From<u64> for Value {
    fn from(number: u64) -> Self {
        Self::Integer(integer(number))
    }
}

impl<T: Into<Self>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

impl Value {
    /// A part of a key as JSON.
    pub(crate) fn json(value: &impl Serialize) -> Result<Self, ReadModelError> {
        let text = serde_json::to_string(value);
        text.map(Self::Text).map_err(|error| ReadModelError::Unavailable(error.to_string()))
    }
}

/// A row of an answer. A column that holds what nothing of ours can have is damage.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Row(pub(crate) Vec<Value>);

impl Row {
    pub(crate) fn text(&self, column: usize) -> Result<&str, ReadModelError> {
        self.text_or_none(column)?.ok_or_else(|| bad(column, "it is empty"))
    }

    pub(crate) fn text_or_none(&self, column: usize) -> Result<Option<&str>, ReadModelError> {
        match self.0.get(column) {
            Some(Value::Text(text)) => Ok(Some(text)),
            Some(Value::Null) => Ok(None),
            _ => Err(bad(column, "it is no text")),
        }
    }

    pub(crate) fn integer(&self, column: usize) -> Result<i64, ReadModelError> {
        match self.0.get(column) {
            Some(Value::Integer(number)) => Ok(*number),
            _ => Err(bad(column, "it is no number")),
        }
    }

    pub(crate) fn bytes(&self, column: usize) -> Result<&[u8], ReadModelError> {
        match self.0.get(column) {
            Some(Value::Bytes(bytes)) => Ok(bytes),
            _ => Err(bad(column, "it holds no bytes")),
        }
    }

    /// A number that is not negative, and in the range of its type.
    pub(crate) fn natural<T: TryFrom<i64>>(&self, column: usize) -> Result<T, ReadModelError> {
        T::try_from(self.integer(column)?).map_err(|_| bad(column, "the number is out of range"))
    }

    pub(crate) fn key_id(&self, column: usize) -> Result<KeyId, ReadModelError> {
        self.parsed(column, Uuid::try_parse).map(KeyId)
    }

    pub(crate) fn parsed<T, E: Display>(
        &self,
        column: usize,
        parse: impl Fn(&str) -> Result<T, E>,
    ) -> Result<T, ReadModelError> {
        parse(self.text(column)?).map_err(|error| bad(column, error))
    }

    pub(crate) fn parsed_or_none<T, E: Display>(
        &self,
        column: usize,
        parse: impl Fn(&str) -> Result<T, E>,
    ) -> Result<Option<T>, ReadModelError> {
        let text = self.text_or_none(column)?;
        text.map(|text| parse(text).map_err(|error| bad(column, error))).transpose()
    }

    pub(crate) fn json<T: DeserializeOwned>(&self, column: usize) -> Result<T, ReadModelError> {
        self.parsed(column, |text| serde_json::from_str(text))
    }
}

/// A number as the stores hold it; revisions and positions stay far below where it ends.
pub(crate) fn integer(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// What is said of a value that no key can have; the value itself stays where it is.
pub(crate) fn bad(column: usize, why: impl Display) -> ReadModelError {
    ReadModelError::Damaged(format!("column {column}: {why}"))
}
