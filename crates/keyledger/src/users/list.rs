use keyledger_domain::PartnerId;

use super::{Users, words};
use crate::{cli::Context, output::Table};

/// Shows who has an account.
pub(super) fn run(context: &Context, users: &Users, partner: Option<&PartnerId>) -> anyhow::Result<()> {
    let people = users.people.list(partner)?;
    if context.output.json {
        let people: Vec<_> = people
            .iter()
            .map(|person| {
                serde_json::json!({
                    "id": person.id, "username": person.username, "standing": person.standing,
                    "disabled": person.disabled, "issuer": person.issuer, "createdAt": person.created_at,
                })
            })
            .collect();
        return Ok(context.output.value(&people)?);
    }
    if people.is_empty() {
        return Ok(context.output.line("Nobody has an account yet: `keyledger users setup-code` begins.")?);
    }
    let mut table = Table::new(&["user name", "is", "since", "may sign in", "where", "id"]);
    for person in people {
        table.row([
            person.username.to_string(),
            words(&person.standing),
            person.created_at.to_string(),
            if person.disabled { "no" } else { "yes" }.to_owned(),
            person.issuer.unwrap_or_else(|| "here".to_owned()),
            person.id.to_string(),
        ]);
    }
    Ok(context.output.line(&table.to_string())?)
}
