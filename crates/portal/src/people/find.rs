use rusqlite::OptionalExtension as _;

use super::{PasswordHash, People, Person, PersonId, Unavailable, Username, account::Account};

impl People {
    /// Somebody by their id.
    ///
    /// # Errors
    /// [`Unavailable`].
    pub fn find(&self, id: PersonId) -> Result<Option<Person>, Unavailable> {
        let found = Account::find(&self.db(), &self.keys, "id = ?1", [id.to_string()])?;
        Ok(found.map(|account| account.person))
    }

    /// Somebody by their name, with what is kept of their password.
    ///
    /// # Errors
    /// [`Unavailable`].
    pub fn named(&self, username: &Username) -> Result<Option<(Person, Option<PasswordHash>)>, Unavailable> {
        let found = Account::find(&self.db(), &self.keys, "username = ?1", [username.as_str()])?;
        Ok(found.map(|account| (account.person, account.password)))
    }

    /// Whether anybody has an account.
    ///
    /// # Errors
    /// [`Unavailable`].
    pub fn are_there_any(&self) -> Result<bool, Unavailable> {
        Ok(self.db().query_row("SELECT 1 FROM people LIMIT 1", (), |_| Ok(())).optional()?.is_some())
    }
}
