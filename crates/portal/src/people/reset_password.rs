use super::{ChangeError, PasswordHash, People, PersonId, account::Account, sessions};

impl People {
    /// Gives somebody another password, and signs them out everywhere. With the one that they changed it from, only while that
    /// is still theirs: whoever knew it and is slow does not undo what was done against them meanwhile.
    ///
    /// # Errors
    /// [`ChangeError`].
    pub fn reset_password(
        &self,
        person: PersonId,
        from: Option<&PasswordHash>,
        password: &PasswordHash,
    ) -> Result<(), ChangeError> {
        self.store.change(|rows| {
            let account = Account::of(rows, &self.keys, person)?.ok_or(ChangeError::NoSuchPerson)?;
            if let Some(issuer) = account.person.issuer {
                return Err(ChangeError::DecidedElsewhere(issuer));
            }
            if from.is_some() && account.password.as_ref() != from {
                return Err(ChangeError::AnotherPassword);
            }
            Account { password: Some(password.clone()), ..account }.write(rows, &self.keys)?;
            Ok(sessions::end_all(rows, person)?)
        })
    }
}
