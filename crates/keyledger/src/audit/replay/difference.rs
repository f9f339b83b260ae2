use std::{collections::BTreeMap, fmt};

use anyhow::Context as _;
use keyledger_command_service::ports::ReadModel;
use serde::Serialize;
use serde_json::{Map, Value};

/// One thing that a read model says otherwise than the log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Difference {
    /// Which model.
    pub(super) projection: &'static str,
    /// Of what: a `keyId`, or `catalogue`.
    pub(super) of: String,
    /// Which field of it; none: the whole.
    pub(super) field: Option<String>,
    /// What the log says; null: there is no such thing.
    pub(super) log: Value,
    /// What was found; null: there was no such thing.
    pub(super) found: Value,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { projection, of, field, log, found } = self;
        match (field, log, found) {
            (Some(field), log, found) => {
                write!(f, "{projection}: {of}: {field} is {found}, and the log says {log}")
            }
            (None, Value::Null, _) => write!(f, "{projection}: {of} is there, and the log knows of none"),
            (None, ..) => write!(f, "{projection}: {of} is missing"),
        }
    }
}

/// Differences, of which the first are shown.
#[derive(Default)]
pub(super) struct Differences {
    pub(super) shown: Vec<Difference>,
    pub(super) count: usize,
}

impl Differences {
    pub(super) fn add(&mut self, difference: Difference, at_most: usize) {
        self.count += 1;
        if self.shown.len() < at_most {
            self.shown.push(difference);
        }
    }
}

type Facts = Map<String, Value>;

/// Compares what the log makes of a model with what was found, thing by thing and field by field.
///
/// # Errors
/// Where a line is no JSON object.
pub(super) fn between(
    model: ReadModel,
    log: &[String],
    found: Vec<String>,
    at_most: usize,
) -> anyhow::Result<Differences> {
    let mut differences = Differences::default();
    let mut add = |of: &str, field: Option<&str>, log: Value, found: Value| {
        let (projection, field) = (model.name(), field.map(str::to_owned));
        differences.add(Difference { projection, of: of.to_owned(), field, log, found }, at_most);
    };
    let mut missing = BTreeMap::new();
    for line in log {
        let facts = read(line)?;
        missing.insert(name(&facts), facts);
    }
    for line in &found {
        let facts = read(line)?;
        let of = name(&facts);
        let Some(of_log) = missing.remove(&of) else {
            add(&of, None, Value::Null, Value::Object(facts));
            continue;
        };
        let fields = of_log.keys().chain(facts.keys().filter(|field| !of_log.contains_key(*field)));
        for field in fields {
            let [said, there] = [&of_log, &facts].map(|it| it.get(field).cloned().unwrap_or_default());
            if said != there {
                add(&of, Some(field), said, there);
            }
        }
    }
    for (of, facts) in missing {
        add(&of, None, Value::Object(facts), Value::Null);
    }
    Ok(differences)
}

fn read(line: &str) -> anyhow::Result<Facts> {
    serde_json::from_str(line).context("a read model was told in words that this release does not know")
}

/// Of what a line tells.
fn name(facts: &Facts) -> String {
    let named = ["keyId", "stream", "projection"].iter().find_map(|field| facts.get(*field)?.as_str());
    named.unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(log: &[&str], there: &[&str]) -> Vec<String> {
        let lines = |lines: &[&str]| lines.iter().map(|line| (*line).to_owned()).collect::<Vec<_>>();
        let differences = between(ReadModel::PartnerKeys, &lines(log), lines(there), 10).expect("lines");
        assert_eq!(differences.count, differences.shown.len());
        differences.shown.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn what_is_the_same_in_another_order_is_the_same() {
        let [one, two] = [r#"{"keyId":"1","name":"a"}"#, r#"{"keyId":"2","name":"b"}"#];
        assert_eq!(found(&[one, two], &[two, one]), [""; 0]);
    }

    #[test]
    fn a_difference_names_the_key_and_the_field_with_both_values() {
        let differing = found(&[r#"{"keyId":"1","revoked":true}"#], &[r#"{"keyId":"1","revoked":false}"#]);
        assert_eq!(differing, ["partner_keys: 1: revoked is false, and the log says true"]);
    }

    #[test]
    fn what_only_one_of_them_holds_is_missing_or_too_much() {
        let differing = found(&[r#"{"keyId":"1"}"#], &[r#"{"keyId":"2"}"#]);
        assert_eq!(
            differing,
            ["partner_keys: 2 is there, and the log knows of none", "partner_keys: 1 is missing"]
        );
    }
}
