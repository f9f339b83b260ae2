use rusqlite::TransactionBehavior;

use super::{ChangeError, PasswordHash, People, PersonId, account::Account, sessions};

impl People {
    /// Gives somebody another password, and signs them out everywhere.
    ///
    /// # Errors
    /// [`ChangeError`].
    pub fn reset_password(&self, person: PersonId, password: &PasswordHash) -> Result<(), ChangeError> {
        let mut db = self.db();
        let transaction = db.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let account = Account::find(&transaction, &self.keys, "id = ?1", [person.to_string()])?;
        let account = account.ok_or(ChangeError::NoSuchPerson)?;
        if let Some(issuer) = account.person.issuer {
            return Err(ChangeError::DecidedElsewhere(issuer));
        }
        Account { password: Some(password.clone()), ..account }.write(&transaction, &self.keys)?;
        sessions::end_all(&transaction, person)?;
        Ok(transaction.commit()?)
    }
}
