use std::collections::HashMap;

use keyledger_domain::PartnerId;
use keyledger_portal::people::{Decider, PersonId, Standing, StandingChange, Username};
use serde_json::{Value, json};

use super::{Users, words};
use crate::{cli::Context, output::Table};

/// Shows who became what, by whose decision.
pub(super) fn run(context: &Context, users: &Users, partner: Option<&PartnerId>) -> anyhow::Result<()> {
    let changes = users.people.standing_changes(partner)?;
    if context.output.json {
        let changes: Vec<_> = changes.iter().map(as_json).collect();
        return Ok(context.output.value(&changes)?);
    }
    if changes.is_empty() {
        return Ok(context.output.line("Nobody was ever given anything.")?);
    }
    let people = users.people.list(None)?;
    let names: HashMap<_, _> =
        people.iter().map(|person| (person.id.to_string(), &person.username)).collect();
    let mut table = Table::new(&["when", "who", "was", "is since then", "by"]);
    for change in changes {
        table.row([
            change.at.to_string(),
            change.username.to_string(),
            change.before.as_ref().map_or_else(|| "-".to_owned(), told),
            told(&change.after),
            decider(&change.by, change.person, &names),
        ]);
    }
    Ok(context.output.line(&table.to_string())?)
}

fn told((standing, disabled): &(Standing, bool)) -> String {
    let disabled = if *disabled { ", disabled" } else { "" };
    format!("{}{disabled}", words(standing))
}

fn decider(by: &Decider, person: PersonId, names: &HashMap<String, &Username>) -> String {
    match by {
        Decider::Person(id) if *id == person.to_string() => "the one-time code".to_owned(),
        Decider::Person(id) => names.get(id).map_or_else(|| id.clone(), ToString::to_string),
        Decider::Keyring(_) => "the registry's machine".to_owned(),
        Decider::Claims(issuer) => issuer.clone(),
    }
}

fn as_json(change: &StandingChange) -> Value {
    let told = |(standing, disabled): &(Standing, bool)| {
        let mut told = serde_json::to_value(standing).expect("a standing is JSON");
        told["disabled"] = Value::Bool(*disabled);
        told
    };
    json!({
        "at": change.at, "person": change.person, "username": change.username, "by": change.by,
        "before": change.before.as_ref().map(told), "after": told(&change.after),
    })
}
