use keyledger_domain::Timestamp;
use rusqlite::{Transaction, TransactionBehavior, params};

use super::{
    Decider, People, Person, PersonId, Unavailable, Username,
    account::Account,
    change_standing::{self, Stored},
};
use crate::openid::Vouched;

impl People {
    /// Who somebody is that an OpenID provider vouches for, and what they are from now on. Whoever comes for the first time
    /// gets an account with this id. None where the claims say nothing of them, or they were disabled here: then claims change
    /// nothing, until they are enabled here.
    ///
    /// # Errors
    /// [`Unavailable`].
    pub(crate) fn admit(
        &self,
        issuer: &str,
        vouched: &Vouched,
        id: PersonId,
        now: Timestamp,
    ) -> Result<Option<Person>, Unavailable> {
        let by = Decider::Claims(issuer.to_owned());
        let mut db = self.db();
        let transaction = db.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let found = Account::find(
            &transaction,
            &self.keys,
            "issuer = ?1 AND subject = ?2",
            [issuer, &vouched.subject],
        )?;
        let person = match (found, &vouched.standing) {
            (None, None) => None,
            (None, Some(standing)) => {
                let person = Person {
                    id,
                    username: free_name(&transaction, &vouched.name, id)?,
                    standing: standing.clone(),
                    issuer: Some(issuer.to_owned()),
                    disabled: false,
                    created_at: now,
                };
                let account = Account {
                    person,
                    password: None,
                    subject: Some(vouched.subject.clone()),
                    disabled_by_claims: false,
                };
                account.write(&transaction, &self.keys)?;
                let after = Stored::of(&account.person);
                change_standing::record(&transaction, &self.keys, id, None, &after, &by, now)?;
                Some(account.person)
            }
            // Whoever was disabled here stays as they are: a change by claims would look as if claims had disabled them.
            (Some(before), _) if before.person.disabled && !before.disabled_by_claims => None,
            (Some(before), standing) => {
                let id = before.person.id;
                let person = Person {
                    username: free_name(&transaction, &vouched.name, id)?,
                    standing: standing.clone().unwrap_or_else(|| before.person.standing.clone()),
                    disabled: standing.is_none(),
                    ..before.person.clone()
                };
                let after = Account { person, disabled_by_claims: standing.is_none(), ..before.clone() };
                if Stored::of(&after.person) != Stored::of(&before.person) {
                    change_standing::store(&transaction, &self.keys, &before, &after, &by, now)?;
                } else if after != before {
                    after.write(&transaction, &self.keys)?;
                }
                Some(after.person)
            }
        };
        transaction.commit()?;
        Ok(person.filter(|person| !person.disabled))
    }
}

/// What somebody can be called, so that nobody can be taken for somebody else: their name, or with a number behind it.
fn free_name(transaction: &Transaction<'_>, name: &Username, id: PersonId) -> rusqlite::Result<Username> {
    let taken = "SELECT EXISTS (SELECT 1 FROM people WHERE username = ?1 AND id <> ?2)";
    let (mut candidate, mut number) = (name.clone(), 1_u32);
    while transaction
        .query_row(taken, params![candidate.as_str(), id.to_string()], |row| row.get::<_, bool>(0))?
    {
        number += 1;
        candidate = name.numbered(number);
    }
    Ok(candidate)
}
