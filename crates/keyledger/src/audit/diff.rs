//! `keyledger audit diff`: what changed from one moment to another.

use keyledger_audit::past::{CatalogueThen, Diff, KeyChange, Occurred};
use keyledger_domain::{Timestamp, key::Status};
use serde_json::{Value, json};

use super::{
    past::{Asked, Watching, must_be_over},
    state::shown,
};
use crate::{
    cli::{Context, audit::DiffArgs},
    output::{Table, count},
};

/// Compares.
///
/// # Errors
/// One sentence that says what to do.
pub(super) async fn run(context: &Context, args: &DiffArgs) -> anyhow::Result<()> {
    must_be_over(context, args.to)?;
    let asked = Asked::open(context, Some(&args.index), Some(args.from)).await?;
    let mut watching = Watching::begin(context.output);
    let mut diff = asked.past.diff(args.from, args.to, &mut watching).await?;
    drop(watching);
    if let Some(partner) = &args.partner {
        let of_partner =
            |key: &KeyChange| key.after.as_ref().is_some_and(|after| after.partner_id == *partner);
        diff.keys.retain(of_partner);
    }
    if context.output.json {
        return Ok(context.output.value(&told(&diff, args))?);
    }
    people(context, &diff)
}

fn told(diff: &Diff, args: &DiffArgs) -> Value {
    let catalogue_then = |then: &CatalogueThen| json!({ "revision": then.revision, "position": then.position, "catalogue": then.catalogue });
    let catalogue = diff.catalogue.as_ref().map(|change| {
        json!({
            "before": catalogue_then(&change.before), "after": catalogue_then(&change.after), "events": change.events,
        })
    });
    let keys: Vec<_> = diff
        .keys
        .iter()
        .map(|change| {
            let facts = |key: &Option<_>| key.as_ref().map(keyledger_domain::key::Key::facts).map(|facts| json!(facts));
            json!({
                "keyId": change.key_id, "changes": kinds(change, diff.times), "fields": change.fields(diff.times),
                "before": facts(&change.before), "after": facts(&change.after), "events": change.events,
            })
        })
        .collect();
    json!({
        "from": shown(args.from), "to": shown(args.to), "times": diff.times, "catalogue": catalogue, "keys": keys,
    })
}

fn people(context: &Context, diff: &Diff) -> anyhow::Result<()> {
    let mut table = Table::new(&["change", "key", "partner", "name", "what", "positions", "by"]);
    for change in &diff.keys {
        let known = change.after.as_ref().or(change.before.as_ref());
        let (partner, name) =
            known.map(|key| (key.partner_id.to_string(), key.name.to_string())).unwrap_or_default();
        let [positions, by] = places(&change.events);
        let kinds = kinds(change, diff.times).join(", ");
        table.row([kinds, change.key_id.to_string(), partner, name, what(change, diff.times), positions, by]);
    }
    if let Some(change) = &diff.catalogue {
        let [positions, by] = places(&change.events);
        let blank = String::new;
        let revision =
            |then: &CatalogueThen| then.revision.map_or("none".to_owned(), |revision| revision.to_string());
        let what = format!("revision: {} → {}", revision(&change.before), revision(&change.after));
        table.row(["catalogue".to_owned(), blank(), blank(), blank(), what, positions, by]);
    }
    if diff.keys.is_empty() && diff.catalogue.is_none() {
        return Ok(context.output.line("Nothing changed.")?);
    }
    context.output.line(&table.to_string())?;
    let changed = count(diff.keys.len(), "key");
    context.output.remark(&format!("{changed} changed from {} to {}", diff.times[0], diff.times[1]));
    Ok(())
}

/// What became of a key, in words that programs can compare.
fn kinds(change: &KeyChange, [from, to]: [Timestamp; 2]) -> Vec<&'static str> {
    let (before, after) = (change.before.as_ref(), change.after.as_ref());
    let became = |status| {
        before.is_none_or(|key| key.status(from) != status)
            && after.is_some_and(|key| key.status(to) == status)
    };
    let happened = |of: &str| change.events.iter().any(|event| event.event_type == of);
    let is_change =
        |event: &Occurred| !["KeyCreated", "KeyRegenerated", "KeyRevoked"].contains(&&*event.event_type);
    let kinds = [
        ("CREATED", before.is_none() && after.is_some()),
        ("REGENERATED", happened("KeyRegenerated")),
        ("CHANGED", change.events.iter().any(is_change)),
        ("REVOKED", became(Status::Revoked)),
        ("EXPIRED", became(Status::Expired)),
    ];
    kinds.into_iter().filter(|(_, holds)| *holds).map(|(kind, _)| kind).collect()
}

/// Each field that is another: before → after.
fn what(change: &KeyChange, times: [Timestamp; 2]) -> String {
    let fields = change
        .fields(times)
        .into_iter()
        .map(|field| format!("{}: {} → {}", field.field, brief(&field.before), brief(&field.after)));
    fields.collect::<Vec<_>>().join("; ")
}

fn brief(value: &Value) -> String {
    match value {
        Value::Null => "none".to_owned(),
        Value::String(text) => text.clone(),
        Value::Array(values) if values.iter().all(Value::is_string) => {
            values.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(" ")
        }
        other => other.to_string(),
    }
}

/// At which positions, and by whom, each named once.
fn places(events: &[Occurred]) -> [String; 2] {
    let mut actors: Vec<_> = events.iter().map(|event| event.actor.to_string()).collect();
    actors.dedup();
    let positions: Vec<_> = events.iter().map(|event| event.position.to_string()).collect();
    [positions.join(" "), actors.join(" ")]
}
