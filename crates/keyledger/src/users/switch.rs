use keyledger_portal::people::Username;

use super::Users;
use crate::cli::Context;

/// Lets somebody sign in no more, or again. Whoever may not is signed out everywhere, at once.
pub(super) fn run(
    context: &Context,
    users: &Users,
    username: &Username,
    disabled: bool,
) -> anyhow::Result<()> {
    let change = |person: &keyledger_portal::people::Person| (person.standing.clone(), disabled);
    let person =
        users.people.change_standing(users.id_of(username)?, change, &users.by, context.clock.now())?;
    if context.output.json {
        return Ok(context.output.value(
            &serde_json::json!({ "id": person.id, "username": person.username, "disabled": person.disabled }),
        )?);
    }
    let said = if disabled { "cannot sign in any more, and is signed out" } else { "may sign in again" };
    Ok(context.output.line(&format!("{} {said}.", person.username))?)
}
