use super::{
    PasswordHash, People, Person, PersonId, Unavailable, Username,
    account::{Account, select_accounts},
};

/// Whether there is anybody.
pub(super) const ANYBODY: &str = "SELECT id FROM people LIMIT 1";

impl People {
    /// Somebody by their id.
    ///
    /// # Errors
    /// [`Unavailable`].
    pub fn find(&self, id: PersonId) -> Result<Option<Person>, Unavailable> {
        let found = self.store.each(|rows| Account::of(rows, &self.keys, id))?;
        Ok(found.map(|account| account.person))
    }

    /// Somebody by their name, with what is kept of their password.
    ///
    /// # Errors
    /// [`Unavailable`].
    pub fn named(&self, username: &Username) -> Result<Option<(Person, Option<PasswordHash>)>, Unavailable> {
        let question = select_accounts!("FROM people WHERE lower(username) = $1");
        let name = [username.in_small_letters().into()];
        let found = self.store.each(|rows| Account::find(rows, &self.keys, question, &name))?;
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
        Ok(!self.store.each(|rows| rows.ask(ANYBODY, &[]))?.is_empty())
    }
}
