use keyledger_domain::envelope::uuid_v7;
use keyledger_portal::people::{NewPerson, Password, PersonId, Standing, Username};

use super::{Users, words};
use crate::cli::Context;

/// Gives somebody an account, with a password that is drawn for them and shown once.
pub(super) fn run(
    context: &Context,
    users: &Users,
    username: Username,
    standing: Standing,
) -> anyhow::Result<()> {
    let now = context.clock.now();
    let mut random = [0; 10];
    context.randomness.fill(&mut random);
    let (password, shown) = Password::draw(context.randomness);
    let new = NewPerson {
        id: PersonId(uuid_v7(now, random)),
        username,
        password: Some(password.hash(context.randomness)),
        standing,
    };
    let person = users.people.add(new, &users.by, now)?;
    if context.output.json {
        return Ok(context.output.value(&serde_json::json!({
            "id": person.id, "username": person.username, "standing": person.standing, "password": *shown,
        }))?);
    }
    Ok(context.output.line(&format!(
        "{} is {} now, and signs in with this password, shown once:\n\n  {}",
        person.username,
        words(&person.standing),
        *shown
    ))?)
}
