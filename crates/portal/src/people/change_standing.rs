use keyledger_domain::{PartnerId, Timestamp, envelope::Purpose};
use rusqlite::{Row, Transaction, TransactionBehavior, params};
use serde::{Deserialize, Serialize};

use super::{
    Decider, Keys, People, Person, PersonId, Standing, Unavailable, Username,
    account::{self, Account},
    sealed::{forged, must_be_sealed, seal},
    sessions,
};

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
    /// It was changed meanwhile.
    #[error("they have another password by now")]
    AnotherPassword,
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
        let account = Account::find(&transaction, &self.keys, "id = ?1", [person.to_string()])?;
        let account = account.ok_or(ChangeError::NoSuchPerson)?;
        let before = &account.person;
        let (standing, disabled) = change(before);
        let after = Person { standing, disabled, ..before.clone() };
        match &after.issuer {
            Some(issuer) if after.standing != before.standing => {
                return Err(ChangeError::DecidedElsewhere(issuer.clone()));
            }
            _ => {}
        }
        // Whoever holds the registry's machine and disables somebody whom claims disabled means more than claims did.
        let disabled_by_claims = account.disabled_by_claims && disabled && !matches!(by, Decider::Keyring(_));
        let changed = Account { person: after.clone(), disabled_by_claims, ..account.clone() };
        if changed == account {
            return Ok(after);
        }
        store(&transaction, &self.keys, &account, &changed, by, now)?;
        // Whoever holds the registry's machine can always make another one.
        let may_be_last = matches!(by, Decider::Keyring(_));
        if !may_be_last && operates(before) && !operates(&after) && operators(&transaction)? == 0 {
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
        let mut db = self.db();
        // A transaction, so that nothing comes in between.
        let db = db.transaction()?;
        let is_whole = "SELECT count(*) = coalesce(max(number), 0) FROM standing_changes";
        if !db.query_row(is_whole, (), |row| row.get::<_, bool>(0))? {
            return Err(forged(Purpose::StandingChange).into());
        }
        let mut statement = db.prepare_cached(&format!(
            "SELECT {COLUMNS}, username FROM standing_changes JOIN people ON people.id = person_id
             WHERE ?1 IS NULL OR before ->> '$.partnerId' = ?1 OR after ->> '$.partnerId' = ?1 ORDER BY number"
        ))?;
        let changes = statement.query_map([of.map(PartnerId::as_str)], |row| {
            let Change { person, at, by, before, after } = Change::read(row, &self.keys)?;
            let stored = |stored: Stored| (stored.standing, stored.disabled);
            let (before, after) = (before.map(stored), stored(after));
            Ok(StandingChange { person, username: account::username(row, WIDTH)?, at, by, before, after })
        })?;
        Ok(changes.collect::<Result<_, _>>()?)
    }
}

/// The columns of a change, in the order in which [`Change::read`] reads them.
const COLUMNS: &str = "number, person_id, at, by, before, after, standing_changes.mac";

/// How many they are.
const WIDTH: usize = 7;

/// A change as it is kept.
struct Change {
    person: PersonId,
    at: Timestamp,
    by: Decider,
    before: Option<Stored>,
    after: Stored,
}

impl Change {
    fn read(row: &Row<'_>, keys: &Keys) -> rusqlite::Result<Self> {
        let number = row.get::<_, i64>(0)?.to_be_bytes();
        let mut fields = vec![Some(&number[..])];
        for column in 1..6 {
            fields.push(row.get_ref(column)?.as_bytes_or_null()?);
        }
        must_be_sealed(keys, Purpose::StandingChange, &fields, row.get_ref(6)?.as_blob()?)?;
        Ok(Self {
            person: account::id(row, 1)?,
            at: account::moment(row, 2)?,
            by: json(row, 3)?,
            before: json(row, 4)?,
            after: json(row, 5)?,
        })
    }
}

/// Stores what somebody is from now on, keeps the change, and signs them out: what they may do is read with every request, and
/// what they were shown as somebody else is over.
pub(super) fn store(
    transaction: &Transaction<'_>,
    keys: &Keys,
    before: &Account,
    after: &Account,
    by: &Decider,
    now: Timestamp,
) -> rusqlite::Result<()> {
    let (was, is) = (Stored::of(&before.person), Stored::of(&after.person));
    after.write(transaction, keys)?;
    record(transaction, keys, after.person.id, Some(&was), &is, by, now)?;
    sessions::end_all(transaction, after.person.id)
}

/// Keeps a change, within its transaction.
pub(super) fn record(
    transaction: &Transaction<'_>,
    keys: &Keys,
    person: PersonId,
    before: Option<&Stored>,
    after: &Stored,
    by: &Decider,
    now: Timestamp,
) -> rusqlite::Result<()> {
    let text = |value| serde_json::to_string(value).expect("names and flags are JSON");
    let by = serde_json::to_string(by).expect("a kind and an id are JSON");
    let (person, at, before, after) = (person.to_string(), now.to_string(), before.map(text), text(after));
    let next = "SELECT coalesce(max(number), 0) + 1 FROM standing_changes";
    let number: i64 = transaction.query_row(next, (), |row| row.get(0))?;
    let bytes = number.to_be_bytes();
    let texts = [Some(&person), Some(&at), Some(&by), before.as_ref(), Some(&after)];
    let fields: Vec<_> =
        [Some(&bytes[..])].into_iter().chain(texts.map(|text| text.map(String::as_bytes))).collect();
    let mac = seal(keys, Purpose::StandingChange, &fields);
    transaction.execute(
        "INSERT INTO standing_changes (number, person_id, at, by, before, after, mac) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        params![number, person, at, by, before, after, mac],
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
