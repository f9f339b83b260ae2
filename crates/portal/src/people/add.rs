use keyledger_domain::Timestamp;
use rusqlite::{ErrorCode, Transaction, TransactionBehavior};

use super::{
    Decider, Keys, PasswordHash, People, Person, PersonId, Standing, Unavailable, Username,
    account::Account,
    change_standing::{self, Stored},
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

impl People {
    /// Gives somebody an account.
    ///
    /// # Errors
    /// [`AddError`].
    pub fn add(&self, new: NewPerson, by: &Decider, now: Timestamp) -> Result<Person, AddError> {
        let mut db = self.db();
        let transaction =
            db.transaction_with_behavior(TransactionBehavior::Immediate).map_err(Unavailable::from)?;
        let person = insert(&transaction, &self.keys, new, by, now)?;
        transaction.commit().map_err(Unavailable::from)?;
        Ok(person)
    }
}

/// Adds somebody within a transaction.
pub(super) fn insert(
    transaction: &Transaction<'_>,
    keys: &Keys,
    new: NewPerson,
    by: &Decider,
    now: Timestamp,
) -> Result<Person, AddError> {
    let NewPerson { id, username, password, standing } = new;
    let person =
        Person { id, username: username.clone(), standing, issuer: None, disabled: false, created_at: now };
    let account = Account { person, password, subject: None, disabled_by_claims: false };
    match account.write(transaction, keys) {
        Err(error) if error.sqlite_error_code() == Some(ErrorCode::ConstraintViolation) => {
            return Err(AddError::Taken(username));
        }
        written => written.map_err(Unavailable::from)?,
    }
    let person = account.person;
    change_standing::record(transaction, keys, id, None, &Stored::of(&person), by, now)
        .map_err(Unavailable::from)?;
    Ok(person)
}
