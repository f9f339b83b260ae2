use rusqlite::{TransactionBehavior, params};

use super::{ChangeError, PasswordHash, People, PersonId, sessions};

impl People {
    /// Gives somebody another password, and signs them out everywhere.
    ///
    /// # Errors
    /// [`ChangeError`].
    pub fn reset_password(&self, person: PersonId, password: &PasswordHash) -> Result<(), ChangeError> {
        let mut db = self.db();
        let transaction = db.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let changed = transaction.execute(
            "UPDATE people SET password = ?2 WHERE id = ?1",
            params![person.to_string(), password.0],
        )?;
        if changed == 0 {
            return Err(ChangeError::NoSuchPerson);
        }
        sessions::end_all(&transaction, person)?;
        Ok(transaction.commit()?)
    }
}
