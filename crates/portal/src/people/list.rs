use keyledger_domain::PartnerId;

use super::{
    People, Person, Unavailable,
    account::{Account, select_accounts},
};

impl People {
    /// Everybody, or those of a partner, by their names.
    ///
    /// # Errors
    /// [`Unavailable`].
    pub fn list(&self, partner: Option<&PartnerId>) -> Result<Vec<Person>, Unavailable> {
        let question =
            select_accounts!("FROM people WHERE $1 IS NULL OR partner_id = $1 ORDER BY lower(username)");
        let found = self.store.each(|rows| {
            let found = rows.ask(question, &[partner.map(PartnerId::as_str).into()])?;
            found.iter().map(|row| Ok(Account::read(row, &self.keys)?.person)).collect()
        });
        Ok(found?)
    }
}
