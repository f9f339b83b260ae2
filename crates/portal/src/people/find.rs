use rusqlite::{OptionalExtension as _, Row};

use super::{PasswordHash, People, Person, PersonId, Unavailable, Username, row};

impl People {
    /// Somebody by their id.
    ///
    /// # Errors
    /// [`Unavailable`].
    pub fn find(&self, id: PersonId) -> Result<Option<Person>, Unavailable> {
        let found = self.one("id = ?1", &id.to_string())?;
        Ok(found.map(|(person, _)| person))
    }

    /// Somebody by their name, with what is kept of their password.
    ///
    /// # Errors
    /// [`Unavailable`].
    pub fn named(&self, username: &Username) -> Result<Option<(Person, Option<PasswordHash>)>, Unavailable> {
        self.one("username = ?1", username.as_str())
    }

    /// Whether anybody has an account.
    ///
    /// # Errors
    /// [`Unavailable`].
    pub fn are_there_any(&self) -> Result<bool, Unavailable> {
        Ok(self.db().query_row("SELECT EXISTS (SELECT 1 FROM people)", (), |row| row.get(0))?)
    }

    fn one(
        &self,
        condition: &str,
        value: &str,
    ) -> Result<Option<(Person, Option<PasswordHash>)>, Unavailable> {
        let statement = format!("SELECT {}, people.password FROM people WHERE {condition}", row::COLUMNS);
        let read = |row: &Row<'_>| {
            Ok((row::person(row)?, row.get::<_, Option<String>>(row::WIDTH)?.map(PasswordHash)))
        };
        Ok(self.db().prepare_cached(&statement)?.query_row([value], read).optional()?)
    }
}
