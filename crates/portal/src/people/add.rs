use keyledger_domain::Timestamp;

use super::{
    Decider, Keys, PasswordHash, People, Person, PersonId, Standing, Unavailable, Username,
    account::Account,
    change_standing::{self, Stored},
    rows::{Failure, Rows},
};

/// Somebody who is to have an account.
pub struct NewPerson {
    /// Their id, drawn for them.
    pub id: PersonId,
    /// By what they sign in.
    pub username: Username,
    /// Their password; none where they sign in elsewhere.
    pub password: Option<PasswordHash>,
    /// What they are.
    pub standing: Standing,
}

/// Why somebody was not added.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AddError {
    /// Somebody has that name.
    #[error("somebody has the user name {0} already")]
    Taken(Username),
    /// As it says.
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
}

impl From<Failure> for AddError {
    fn from(failure: Failure) -> Self {
        Self::Unavailable(failure.into())
    }
}

impl People {
    /// Gives somebody an account.
    ///
    /// # Errors
    /// [`AddError`].
    pub fn add(&self, new: NewPerson, by: &Decider, now: Timestamp) -> Result<Person, AddError> {
        self.store.change(|rows| insert(rows, &self.keys, new, by, now))
    }
}

/// Adds somebody within a transaction.
pub(super) fn insert(
    rows: &mut dyn Rows,
    keys: &Keys,
    new: NewPerson,
    by: &Decider,
    now: Timestamp,
) -> Result<Person, AddError> {
    let NewPerson { id, username, password, standing } = new;
    let person =
        Person { id, username: username.clone(), standing, issuer: None, disabled: false, created_at: now };
    let account = Account { person, password, subject: None, disabled_by_claims: false };
    match account.write(rows, keys) {
        Err(Failure::Taken) => return Err(AddError::Taken(username)),
        written => written?,
    }
    let person = account.person;
    change_standing::record(rows, keys, id, None, &Stored::of(&person), by, now)?;
    Ok(person)
}
