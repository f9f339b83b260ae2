use std::{fmt, sync::Arc};

/// A value that only one stream may ever hold, taken in the append's own transaction: a prefix, or the id of an event
/// that an idempotency key stands behind. The log does not know what it means.
///
/// A stream that claims what it already holds is not refused: a retry takes its own claim again.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Claim(Arc<str>);

impl Claim {
    /// A claim on `value`; stores use it as part of a name, so callers keep to `[A-Za-z0-9-]`.
    pub fn new(value: impl Into<Arc<str>>) -> Self {
        Self(value.into())
    }

    /// The claimed value.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The claim on an event id: with it, [`EventLog::find`](crate::EventLog::find) finds the event on every store.
    #[must_use]
    pub fn event(id: uuid::Uuid) -> Self {
        Self(format!("event-{id}").into())
    }
}

impl fmt::Display for Claim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
