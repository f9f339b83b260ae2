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
    // Somebody who is to be stopped may have another account, at the provider or here.
    let namesakes = users.people.namesakes(username)?;
    if context.output.json {
        let namesakes: Vec<_> = namesakes
            .iter()
            .map(|other| {
                serde_json::json!({
                    "id": other.id, "username": other.username, "issuer": other.issuer, "disabled": other.disabled,
                })
            })
            .collect();
        return Ok(context.output.value(&serde_json::json!({
            "id": person.id, "username": person.username, "disabled": person.disabled, "namesakes": namesakes,
        }))?);
    }
    let said = if disabled { "cannot sign in any more, and is signed out" } else { "may sign in again" };
    let mut said = format!("{} {said}.", person.username);
    for other in namesakes {
        let place = other.issuer.as_deref().unwrap_or("here");
        let may = if other.disabled { "may not sign in" } else { "may sign in" };
        said += &format!(
            "\nAnother account has nearly this name, and was not changed: {} {may} ({place}).",
            other.username
        );
    }
    Ok(context.output.line(&said)?)
}
