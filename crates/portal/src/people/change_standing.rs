use keyledger_domain::{PartnerId, Timestamp};
use rusqlite::{OptionalExtension as _, Transaction, TransactionBehavior, params};
use serde::{Deserialize, Serialize};

use super::{Decider, People, Person, PersonId, Standing, Unavailable, Username, row, sessions};

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
    /// What they are called now.
    pub username: Username,
    /// When.
    pub at: Timestamp,
    /// By whom.
    pub by: Decider,
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
    /// They sign in at an OpenID provider, whose claims decide.
    #[error("{0} decides this: change it there")]
    DecidedElsewhere(String),
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
    /// Changes what somebody is, or whether they may sign in; they are signed out everywhere. No change, no record.
    ///
    /// # Errors
    /// [`ChangeError`].
    pub fn change_standing(
        &self,
        person: PersonId,
        change: impl FnOnce(&Person) -> (Standing, bool),
        by: &Decider,
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
        match &after.issuer {
            Some(issuer) if after.standing != before.standing => {
                return Err(ChangeError::DecidedElsewhere(issuer.clone()));
            }
            // Claims that come back lift only what claims have done.
            Some(_) if after == before && after.disabled && is_disabled_by_claims(&transaction, person)? => {}
            _ if after == before => return Ok(before),
            _ => {}
        }
        store(&transaction, &before, &after, by, now)?;
        // Whoever holds the registry's machine can always make another one.
        let may_be_last = matches!(by, Decider::Keyring(_));
        if !may_be_last && operates(&before) && !operates(&after) && operators(&transaction)? == 0 {
            return Err(ChangeError::LastOperator);
        }
        transaction.commit()?;
        Ok(after)
    }

    /// Every change of what people may do, oldest first: of everybody, or of those who are of a partner, or were.
    ///
    /// # Errors
    /// [`Unavailable`].
    pub fn standing_changes(&self, of: Option<&PartnerId>) -> Result<Vec<StandingChange>, Unavailable> {
        let db = self.db();
        let mut statement = db.prepare_cached(
            "SELECT person_id, people.username, at, by, before, after FROM standing_changes
             JOIN people ON people.id = person_id
             WHERE ?1 IS NULL OR before ->> '$.partnerId' = ?1 OR after ->> '$.partnerId' = ?1 ORDER BY number",
        )?;
        let changes = statement.query_map([of.map(PartnerId::as_str)], |row| {
            let stored = |stored: Stored| (stored.standing, stored.disabled);
            Ok(StandingChange {
                person: row::id(row, 0)?,
                username: row::username(row, 1)?,
                at: row::moment(row, 2)?,
                by: json(row, 3)?,
                before: json::<Option<Stored>>(row, 4)?.map(stored),
                after: stored(json(row, 5)?),
            })
        })?;
        Ok(changes.collect::<Result<_, _>>()?)
    }
}

/// Stores what somebody is from now on, keeps the change, and signs them out: what they may do is read with every request, and
/// what they were shown as somebody else is over.
pub(super) fn store(
    transaction: &Transaction<'_>,
    before: &Person,
    after: &Person,
    by: &Decider,
    now: Timestamp,
) -> rusqlite::Result<()> {
    let (name, partner) = row::columns(&after.standing);
    transaction.execute(
        "UPDATE people SET standing = ?2, partner_id = ?3, disabled = ?4 WHERE id = ?1",
        params![after.id.to_string(), name, partner, after.disabled],
    )?;
    record(transaction, after.id, Some(&Stored::of(before)), &Stored::of(after), by, now)?;
    sessions::end_all(transaction, after.id)
}

/// Whether it was claims that disabled somebody, who is disabled.
pub(super) fn is_disabled_by_claims(
    transaction: &Transaction<'_>,
    person: PersonId,
) -> rusqlite::Result<bool> {
    let last = "SELECT by FROM standing_changes WHERE person_id = ?1 ORDER BY number DESC LIMIT 1";
    let by = transaction.query_row(last, [person.to_string()], |row| json::<Decider>(row, 0)).optional()?;
    Ok(matches!(by, Some(Decider::Claims(_))))
}

/// Keeps a change, within its transaction.
pub(super) fn record(
    transaction: &Transaction<'_>,
    person: PersonId,
    before: Option<&Stored>,
    after: &Stored,
    by: &Decider,
    now: Timestamp,
) -> rusqlite::Result<()> {
    let text = |value| serde_json::to_string(value).expect("names and flags are JSON");
    let by = serde_json::to_string(by).expect("a kind and an id are JSON");
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
