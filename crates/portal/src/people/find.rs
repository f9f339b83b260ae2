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

    /// Who else is called so, with a number or without: two accounts can be one person's, and one name leads to one of them.
    ///
    /// # Errors
    /// [`Unavailable`].
    pub fn namesakes(&self, username: &Username) -> Result<Vec<Person>, Unavailable> {
        let mut people = self.list(None)?;
        people.retain(|person| {
            person.username.is_like(username)
                && !person.username.as_str().eq_ignore_ascii_case(username.as_str())
        });
        Ok(people)
    }

    /// Whether anybody has an account.
    ///
    /// # Errors
    /// [`Unavailable`].
    pub fn are_there_any(&self) -> Result<bool, Unavailable> {
        Ok(self.db().query_row("SELECT 1 FROM people LIMIT 1", (), |_| Ok(())).optional()?.is_some())
    }
}
