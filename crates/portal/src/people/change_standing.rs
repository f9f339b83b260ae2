use keyledger_domain::{PartnerId, Timestamp, envelope::Purpose};
use serde::{Deserialize, Serialize};

use super::{
    Decider, Keys, People, Person, PersonId, Standing, Unavailable, Username,
    account::{self, Account},
    rows::{Failure, Row, Rows},
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

impl From<Failure> for ChangeError {
    fn from(failure: Failure) -> Self {
        Self::Unavailable(failure.into())
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
        self.store.change(|rows| {
            let account = Account::of(rows, &self.keys, person)?.ok_or(ChangeError::NoSuchPerson)?;
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
            let disabled_by_claims =
                account.disabled_by_claims && disabled && !matches!(by, Decider::Keyring(_));
            let changed = Account { person: after.clone(), disabled_by_claims, ..account.clone() };
            if changed == account {
                return Ok(after);
            }
            store(rows, &self.keys, &account, &changed, by, now)?;
            // Whoever holds the registry's machine can always make another one.
            let may_be_last = matches!(by, Decider::Keyring(_));
            if !may_be_last && operates(before) && !operates(&after) && rows.ask(OPERATOR, &[])?.is_empty() {
                return Err(ChangeError::LastOperator);
            }
            Ok(after)
        })
    }

    /// Every change of what people may do, oldest first: of everybody, or of those who are of a partner, or were.
    ///
    /// # Errors
    /// [`Unavailable`].
    pub fn standing_changes(&self, of: Option<&PartnerId>) -> Result<Vec<StandingChange>, Unavailable> {
        let found = self.store.each(|rows| {
            let mut changes = Vec::new();
            for (number, row) in (1..).zip(rows.ask(CHANGES, &[])?) {
                let change = Change::read(&row, &self.keys)?;
                if row.integer(0)? != number {
                    return Err(forged(Purpose::StandingChange));
                }
                if of.is_none_or(|of| change.is_of(of)) {
                    changes.push(change.told(account::username(&row, WIDTH)?));
                }
            }
            Ok(changes)
        });
        Ok(found?)
    }
}

/// Asks for every change; its first columns are those that [`Change::read`] reads.
const CHANGES: &str = "SELECT number, person_id, at, by, before, after, standing_changes.mac, username
    FROM standing_changes JOIN people ON people.id = person_id ORDER BY number";

/// How many those are.
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
    fn read(row: &Row, keys: &Keys) -> Result<Self, Failure> {
        let number = row.integer(0)?.to_be_bytes();
        let mut fields = vec![Some(&number[..])];
        for column in 1..6 {
            fields.push(row.text_or_none(column)?.map(str::as_bytes));
        }
        must_be_sealed(keys, Purpose::StandingChange, &fields, row.bytes(6)?)?;
        Ok(Self {
            person: account::id(row, 1)?,
            at: account::moment(row, 2)?,
            by: row.json(3)?,
            before: row.json(4)?,
            after: row.json(5)?,
        })
    }

    /// Whether it is about somebody who is of a partner since then, or was before.
    fn is_of(&self, partner: &PartnerId) -> bool {
        let of = |stored: &Stored| stored.standing.partner() == Some(partner);
        of(&self.after) || self.before.as_ref().is_some_and(of)
    }

    fn told(self, username: Username) -> StandingChange {
        let Self { person, at, by, before, after } = self;
        let stored = |stored: Stored| (stored.standing, stored.disabled);
        StandingChange { person, username, at, by, before: before.map(stored), after: stored(after) }
    }
}

/// Stores what somebody is from now on, keeps the change, and signs them out: what they may do is read with every request, and
/// what they were shown as somebody else is over.
pub(super) fn store(
    rows: &mut dyn Rows,
    keys: &Keys,
    before: &Account,
    after: &Account,
    by: &Decider,
    now: Timestamp,
) -> Result<(), Failure> {
    let (was, is) = (Stored::of(&before.person), Stored::of(&after.person));
    after.write(rows, keys)?;
    record(rows, keys, after.person.id, Some(&was), &is, by, now)?;
    sessions::end_all(rows, after.person.id)
}

/// Keeps a change, as it is sealed.
pub(super) const KEEP: &str = "INSERT INTO standing_changes (number, person_id, at, by, before, after, mac) VALUES ($1, $2, $3, $4, $5, $6, $7)";

/// Keeps a change, within its transaction.
pub(super) fn record(
    rows: &mut dyn Rows,
    keys: &Keys,
    person: PersonId,
    before: Option<&Stored>,
    after: &Stored,
    by: &Decider,
    now: Timestamp,
) -> Result<(), Failure> {
    let text = |value| serde_json::to_string(value).expect("names and flags are JSON");
    let by = serde_json::to_string(by).expect("a kind and an id are JSON");
    let (person, at, before, after) = (person.to_string(), now.to_string(), before.map(text), text(after));
    let next = rows.ask("SELECT coalesce(max(number), 0) + 1 FROM standing_changes", &[])?;
    let number = next.first().map_or(Ok(1), |row| row.integer(0))?;
    let bytes = number.to_be_bytes();
    let texts = [Some(&person), Some(&at), Some(&by), before.as_ref(), Some(&after)];
    let fields: Vec<_> =
        [Some(&bytes[..])].into_iter().chain(texts.map(|text| text.map(String::as_bytes))).collect();
    let mac = seal(keys, Purpose::StandingChange, &fields);
    let values =
        [number.into(), person.into(), at.into(), by.into(), before.into(), after.into(), mac.into()];
    rows.run(KEEP, &values).map(|_| ())
}

fn operates(person: &Person) -> bool {
    person.standing == Standing::Operator && !person.disabled
}

/// Whether an operator is left who can sign in.
const OPERATOR: &str = "SELECT id FROM people WHERE standing = 'operator' AND disabled = 0 LIMIT 1";
