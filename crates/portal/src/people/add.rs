use keyledger_domain::Timestamp;
use rusqlite::{ErrorCode, Transaction, TransactionBehavior, params};

use super::{
    Decider, PasswordHash, People, Person, PersonId, Standing, Unavailable, Username,
    change_standing::{self, Stored},
    row,
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
        let person = insert(&transaction, new, by, now)?;
        transaction.commit().map_err(Unavailable::from)?;
        Ok(person)
    }
}

/// Adds somebody within a transaction.
pub(super) fn insert(
    transaction: &Transaction<'_>,
    new: NewPerson,
    by: &Decider,
    now: Timestamp,
) -> Result<Person, AddError> {
    let NewPerson { id, username, password, standing } = new;
    let (name, partner) = row::columns(&standing);
    let password = password.as_ref().map(|hash| hash.0.as_str());
    let added = transaction.execute(
        "INSERT INTO people (id, username, password, standing, partner_id, disabled, created_at)
         VALUES (?1, ?2, ?3, ?4, ?5, 0, ?6)",
        params![id.to_string(), username.as_str(), password, name, partner, now.to_string()],
    );
    match added {
        Err(error) if error.sqlite_error_code() == Some(ErrorCode::ConstraintViolation) => {
            return Err(AddError::Taken(username));
        }
        added => drop(added.map_err(Unavailable::from)?),
    }
    let person = Person { id, username, standing, issuer: None, disabled: false, created_at: now };
    change_standing::record(transaction, id, None, &Stored::of(&person), by, now)
        .map_err(Unavailable::from)?;
    Ok(person)
}
