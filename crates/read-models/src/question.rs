use crate::{
    ReadModelError,
    value::{Row, Value},
};

/// What is asked of the rows, in the words of each store. Both have the same parameters in the same order and answer with
/// the same columns.
#[derive(Clone, Copy)]
pub(crate) struct Question {
    /// For SQLite. Indexes are named: a plan that sorts or visits the keys of other partners would be right and slow, so it
    /// must refuse rather than choose one.
    pub(crate) sqlite: &'static str,
    /// For PostgreSQL, whose readers are kept from other plans by their connection's settings.
    pub(crate) postgres: &'static str,
}

/// A store that answers questions.
pub(crate) trait Ask {
    /// Hands each row of an answer to `row`, in order; all of them are of one moment.
    fn each(
        &mut self,
        question: Question,
        with: &[Value],
        row: &mut dyn FnMut(Row) -> Result<(), ReadModelError>,
    ) -> Result<(), ReadModelError>;

    /// The whole answer, each row read by `read`.
    fn ask<T>(
        &mut self,
        question: Question,
        with: &[Value],
        read: impl Fn(&Row) -> Result<T, ReadModelError>,
    ) -> Result<Vec<T>, ReadModelError>
    where
        Self: Sized,
    {
        let mut answer = Vec::new();
        self.each(question, with, &mut |row| {
            answer.push(read(&row)?);
            Ok(())
        })?;
        Ok(answer)
    }
}

/// A question for keys that [`row::read`](crate::row::read) understands: the columns that make one, and what is added in
/// each store.
macro_rules! keys_question {
    (sqlite: $sqlite:literal, postgres: $postgres:literal) => {
        $crate::question::Question {
            sqlite: $crate::question::select_keys!($sqlite),
            postgres: $crate::question::select_keys!($postgres),
        }
    };
}
pub(crate) use keys_question;

/// The columns of a key, from the table of keys, and what a query adds.
macro_rules! select_keys {
    ($rest:literal) => {
        concat!(
            "SELECT key_id, partner_id, name, prefix, generation, scopes, rate_per_second, burst, created_at, ",
            "created_by, expires_at, regenerated_at, superseded_secrets, revoked_at, revoked_by, revocation_reason, ",
            "revision, position, changed_at, unreadable FROM partner_keys ",
            $rest
        )
    };
}
pub(crate) use select_keys;
