use keyledger_domain::Timestamp;

use super::{
    Decider, Keys, People, Person, PersonId, Unavailable, Username,
    account::{Account, select_accounts},
    change_standing::{self, Stored},
    rows::{Failure, Rows},
};
use crate::openid::Vouched;

impl People {
    /// Who somebody is that an OpenID provider vouches for, and what they are from now on. Whoever comes for the first time
    /// gets an account with this id. None where the claims say nothing of them, or they were disabled here: then claims change
    /// nothing, until they are enabled here.
    ///
    /// # Errors
    /// [`Unavailable`].
    pub fn admit(
        &self,
        issuer: &str,
        vouched: &Vouched,
        id: PersonId,
        now: Timestamp,
    ) -> Result<Option<Person>, Unavailable> {
        let by = Decider::Claims(issuer.to_owned());
        let person = self.store.change(|rows| decide(rows, &self.keys, issuer, vouched, id, &by, now))?;
        Ok(person.filter(|person| !person.disabled))
    }
}

fn decide(
    rows: &mut dyn Rows,
    keys: &Keys,
    issuer: &str,
    vouched: &Vouched,
    id: PersonId,
    by: &Decider,
    now: Timestamp,
) -> Result<Option<Person>, Failure> {
    let question = select_accounts!("FROM people WHERE issuer = $1 AND subject = $2");
    let found = Account::find(rows, keys, question, &[issuer.into(), vouched.subject.as_str().into()])?;
    Ok(match (found, &vouched.standing) {
        (None, None) => None,
        (None, Some(standing)) => {
            let person = Person {
                id,
                username: free_name(rows, &vouched.name, id)?,
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
            account.write(rows, keys)?;
            let after = Stored::of(&account.person);
            change_standing::record(rows, keys, id, None, &after, by, now)?;
            Some(account.person)
        }
        // Whoever was disabled here stays as they are: a change by claims would look as if claims had disabled them.
        (Some(before), _) if before.person.disabled && !before.disabled_by_claims => None,
        (Some(before), standing) => {
            let id = before.person.id;
            let person = Person {
                username: free_name(rows, &vouched.name, id)?,
                standing: standing.clone().unwrap_or_else(|| before.person.standing.clone()),
                disabled: standing.is_none(),
                ..before.person.clone()
            };
            let after = Account { person, disabled_by_claims: standing.is_none(), ..before.clone() };
            if Stored::of(&after.person) != Stored::of(&before.person) {
                change_standing::store(rows, keys, &before, &after, by, now)?;
            } else if after != before {
                after.write(rows, keys)?;
            }
            Some(after.person)
        }
    })
}

/// What somebody can be called, so that nobody can be taken for somebody else: their name, or with a number behind it.
fn free_name(rows: &mut dyn Rows, name: &Username, id: PersonId) -> Result<Username, Failure> {
    let taken = "SELECT id FROM people WHERE lower(username) = $1 AND id <> $2";
    let (mut candidate, mut number) = (name.clone(), 1_u32);
    while !rows.ask(taken, &[candidate.in_small_letters().into(), id.to_string().into()])?.is_empty() {
        number += 1;
        candidate = name.numbered(number);
    }
    Ok(candidate)
}
