use keyledger_domain::PartnerId;

use super::{
    People, Person, Unavailable,
    account::{Account, COLUMNS},
};

impl People {
    /// Everybody, or those of a partner, by their names.
    ///
    /// # Errors
    /// [`Unavailable`].
    pub fn list(&self, partner: Option<&PartnerId>) -> Result<Vec<Person>, Unavailable> {
        let db = self.db();
        let mut statement = db.prepare_cached(&format!(
            "SELECT {COLUMNS} FROM people WHERE ?1 IS NULL OR partner_id = ?1 ORDER BY username COLLATE NOCASE"
        ))?;
        let people = statement
            .query_map([partner.map(PartnerId::as_str)], |row| Ok(Account::read(row, &self.keys)?.person))?;
        Ok(people.collect::<Result<_, _>>()?)
    }
}
