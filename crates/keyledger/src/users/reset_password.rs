use keyledger_portal::people::{Password, Username};

use super::Users;
use crate::cli::Context;

/// Gives somebody another password, which is drawn for them and shown once, and signs them out everywhere.
pub(super) fn run(context: &Context, users: &Users, username: &Username) -> anyhow::Result<()> {
    let person = users.named(username)?;
    let (password, shown) = Password::draw(context.randomness);
    users.people.reset_password(person.id, None, &password.hash(context.randomness))?;
    if context.output.json {
        return Ok(context.output.value(
            &serde_json::json!({ "id": person.id, "username": person.username, "password": *shown }),
        )?);
    }
    Ok(context.output.line(&format!(
        "{} is signed out, and signs in with this password, shown once:\n\n  {}",
        person.username, *shown
    ))?)
}
