use keyledger_domain::{Actor, Timestamp};
use rusqlite::{OptionalExtension as _, Transaction, TransactionBehavior, params};
use serde::{Deserialize, Serialize};

use super::{People, Person, PersonId, Standing, Unavailable, row, sessions};

/// What somebody may do, as every change of it keeps it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Stored {
    #[serde(flatten)]
    standing: Standing,
    disabled: bool,
}

impl Stored {
    pub(super) fn of(person: &Person) -> Self {
        Self { standing: person.standing.clone(), disabled: person.disabled }
    }
}

/// A change of what somebody may do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StandingChange {
    /// Who it is about.
    pub person: PersonId,
    /// When.
    pub at: Timestamp,
    /// By whom.
    pub by: Actor,
    /// What they were, and whether they were disabled; none: they had no account.
    pub before: Option<(Standing, bool)>,
    /// What they are since then, and whether they are disabled.
    pub after: (Standing, bool),
}

/// Why a standing was not changed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ChangeError {
    /// There is no such person.
    #[error("there is no such person")]
    NoSuchPerson,
    /// Nobody could run the registry any more.
    #[error("this is the last operator who can sign in; make another one first")]
    LastOperator,
    /// As it says.
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
}

impl From<rusqlite::Error> for ChangeError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Unavailable(error.into())
    }
}

impl People {
    /// Changes what somebody is, or whether they may sign in. Whoever may do less than before is signed out
    /// everywhere. No change, no record.
    ///
    /// # Errors
    /// [`ChangeError`].
    pub fn change_standing(
        &self,
        person: PersonId,
        change: impl FnOnce(&Person) -> (Standing, bool),
        by: &Actor,
        now: Timestamp,
    ) -> Result<Person, ChangeError> {
        let mut db = self.db();
        let transaction = db.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let before = transaction
            .query_row(
                &format!("SELECT {} FROM people WHERE id = ?1", row::COLUMNS),
                [person.to_string()],
                row::person,
            )
            .optional()?
            .ok_or(ChangeError::NoSuchPerson)?;
        let (standing, disabled) = change(&before);
        let after = Person { standing, disabled, ..before.clone() };
        if after == before {
            return Ok(before);
        }
        let (name, partner) = row::columns(&after.standing);
        transaction.execute(
            "UPDATE people SET standing = ?2, partner_id = ?3, disabled = ?4 WHERE id = ?1",
            params![person.to_string(), name, partner, after.disabled],
        )?;
        if operates(&before) && !operates(&after) && operators(&transaction)? == 0 {
            return Err(ChangeError::LastOperator);
        }
        record(&transaction, person, Some(&Stored::of(&before)), &Stored::of(&after), by, now)?;
        // What they may do is read with every request; what they were shown as somebody else is over.
        sessions::end_all(&transaction, person)?;
        transaction.commit()?;
        Ok(after)
    }

    /// Every change of what somebody may do, oldest first.
    ///
    /// # Errors
    /// [`Unavailable`].
    pub fn standing_changes(&self, person: PersonId) -> Result<Vec<StandingChange>, Unavailable> {
        let db = self.db();
        let mut statement = db.prepare_cached(
            "SELECT at, by, before, after FROM standing_changes WHERE person_id = ?1 ORDER BY number",
        )?;
        let changes = statement.query_map([person.to_string()], |row| {
            let stored = |stored: Stored| (stored.standing, stored.disabled);
            Ok(StandingChange {
                person,
                at: row::moment(row, 0)?,
                by: json(row, 1)?,
                before: json::<Option<Stored>>(row, 2)?.map(stored),
                after: stored(json(row, 3)?),
            })
        })?;
        Ok(changes.collect::<Result<_, _>>()?)
    }
}

/// Keeps a change, within its transaction.
pub(super) fn record(
    transaction: &Transaction<'_>,
    person: PersonId,
    before: Option<&Stored>,
    after: &Stored,
    by: &Actor,
    now: Timestamp,
) -> rusqlite::Result<()> {
    let text = |value| serde_json::to_string(value).expect("names and flags are JSON");
    let by = serde_json::to_string(by).expect("an actor is JSON");
    transaction.execute(
        "INSERT INTO standing_changes (person_id, at, by, before, after) VALUES (?1, ?2, ?3, ?4, ?5)",
        params![person.to_string(), now.to_string(), by, before.map(text), text(after)],
    )?;
    Ok(())
}

fn operates(person: &Person) -> bool {
    person.standing == Standing::Operator && !person.disabled
}

fn operators(transaction: &Transaction<'_>) -> rusqlite::Result<i64> {
    let count = "SELECT count(*) FROM people WHERE standing = 'operator' AND NOT disabled";
    transaction.query_row(count, (), |row| row.get(0))
}

/// A value that a column holds as JSON; SQL's null is JSON's.
fn json<T: for<'a> Deserialize<'a>>(row: &rusqlite::Row<'_>, column: usize) -> rusqlite::Result<T> {
    let text = row.get::<_, Option<String>>(column)?;
    serde_json::from_str(text.as_deref().unwrap_or("null")).map_err(|error| {
        rusqlite::Error::FromSqlConversionFailure(column, rusqlite::types::Type::Text, error.into())
    })
}
