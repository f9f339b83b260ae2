use rusqlite::{OptionalExtension as _, TransactionBehavior, params};

use super::{ChangeError, PasswordHash, People, PersonId, sessions};

impl People {
    /// Gives somebody another password, and signs them out everywhere.
    ///
    /// # Errors
    /// [`ChangeError`].
    pub fn reset_password(&self, person: PersonId, password: &PasswordHash) -> Result<(), ChangeError> {
        let mut db = self.db();
        let transaction = db.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let issuer = transaction
            .query_row("SELECT issuer FROM people WHERE id = ?1", [person.to_string()], |row| row.get(0))
            .optional()?;
        match issuer {
            None => return Err(ChangeError::NoSuchPerson),
            Some(Some(issuer)) => return Err(ChangeError::DecidedElsewhere(issuer)),
            Some(None) => {}
        }
        let change = "UPDATE people SET password = ?2 WHERE id = ?1";
        transaction.execute(change, params![person.to_string(), password.0])?;
        sessions::end_all(&transaction, person)?;
        Ok(transaction.commit()?)
    }
}
