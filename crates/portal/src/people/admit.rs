use keyledger_domain::Timestamp;
use rusqlite::{OptionalExtension as _, Transaction, TransactionBehavior, params};

use super::{
    Decider, People, Person, PersonId, Unavailable, Username,
    change_standing::{self, Stored},
    row,
};
use crate::openid::Vouched;

impl People {
    /// Who somebody is that an OpenID provider vouches for, and what they are from now on. Whoever comes for the first time
    /// gets an account with this id. None where the claims say nothing of them, or they were disabled here.
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
        let person = match (found(&transaction, issuer, &vouched.subject)?, &vouched.standing) {
            (None, None) => None,
            (None, Some(standing)) => {
                let username = free_name(&transaction, &vouched.name, id)?;
                let standing = standing.clone();
                let issuer = Some(issuer.to_owned());
                let person = Person { id, username, standing, issuer, disabled: false, created_at: now };
                insert(&transaction, &person, &vouched.subject)?;
                change_standing::record(&transaction, id, None, &Stored::of(&person), &by, now)?;
                Some(person)
            }
            (Some(before), standing) => {
                let disabled_here =
                    before.disabled && !change_standing::is_disabled_by_claims(&transaction, before.id)?;
                let after = Person {
                    username: free_name(&transaction, &vouched.name, before.id)?,
                    standing: standing.clone().unwrap_or_else(|| before.standing.clone()),
                    disabled: disabled_here || standing.is_none(),
                    ..before.clone()
                };
                if after.username != before.username {
                    let rename = "UPDATE people SET username = ?2 WHERE id = ?1";
                    transaction.execute(rename, params![after.id.to_string(), after.username.as_str()])?;
                }
                if Stored::of(&after) != Stored::of(&before) {
                    change_standing::store(&transaction, &before, &after, &by, now)?;
                }
                Some(after)
            }
        };
        transaction.commit()?;
        Ok(person.filter(|person| !person.disabled))
    }
}

fn found(transaction: &Transaction<'_>, issuer: &str, subject: &str) -> rusqlite::Result<Option<Person>> {
    let statement = format!("SELECT {} FROM people WHERE issuer = ?1 AND subject = ?2", row::COLUMNS);
    transaction.query_row(&statement, [issuer, subject], row::person).optional()
}

fn insert(transaction: &Transaction<'_>, person: &Person, subject: &str) -> rusqlite::Result<()> {
    let (name, partner) = row::columns(&person.standing);
    transaction.execute(
        "INSERT INTO people (id, username, issuer, subject, standing, partner_id, disabled, created_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, 0, ?7)",
        params![
            person.id.to_string(),
            person.username.as_str(),
            person.issuer,
            subject,
            name,
            partner,
            person.created_at.to_string()
        ],
    )?;
    Ok(())
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
