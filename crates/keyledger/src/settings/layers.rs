//! The places that give settings, each value with where it came from.

use std::path::Path;

use figment::{
    Metadata, Profile, Provider,
    util::nest,
    value::{Dict, Map, Value},
};
use keyledger_secret::holds_any_secret;

use super::{
    nearest::nearest,
    table::{self, Kind, Setting},
};

/// A setting that was given on the command line.
#[derive(Clone, Debug)]
pub(crate) struct Flag {
    /// The setting.
    pub setting: &'static str,
    /// The flag, with its hyphens.
    pub flag: &'static str,
    /// What was given.
    pub value: String,
}

/// Where a value comes from, as `config show` says it.
#[derive(Clone, Copy)]
pub(super) enum Origin<'a> {
    Default,
    File(&'a Path),
    Variable(&'a str),
    Flag(&'static str),
}

impl Origin<'_> {
    pub(super) fn name(self) -> String {
        match self {
            Self::Default => "default".to_owned(),
            Self::File(path) => path.display().to_string(),
            Self::Variable(name) => name.to_owned(),
            Self::Flag(flag) => flag.to_owned(),
        }
    }
}

/// One value from one place.
pub(super) struct Given {
    origin: String,
    value: Dict,
}

impl Given {
    pub(super) fn new(setting: &Setting, origin: Origin<'_>, value: impl Into<Value>) -> Self {
        let value = nest(setting.name, value.into()).into_dict().unwrap_or_default();
        Self { origin: origin.name(), value }
    }

    /// A value that was written as text, where nothing but text can be written.
    pub(super) fn text(setting: &Setting, origin: Origin<'_>, text: &str) -> Self {
        match (setting.kind, text) {
            (Kind::Switch, "true") => Self::new(setting, origin, true),
            (Kind::Switch, "false") => Self::new(setting, origin, false),
            _ => Self::new(setting, origin, text),
        }
    }
}

impl Provider for Given {
    fn metadata(&self) -> Metadata {
        Metadata::named(self.origin.clone())
    }

    fn data(&self) -> figment::Result<Map<Profile, Dict>> {
        Ok(Profile::Default.collect(self.value.clone()))
    }
}

/// What is said of a place that holds a secret: where, and never what.
fn holds_secret(place: &str) -> String {
    format!(
        "{place} holds a secret, which others can read there: revoke that key, and name the file that holds the next one"
    )
}

/// What a file gives. What cannot be used is added to `faults`: secrets, and names that are no settings, each with what
/// was probably meant.
pub(super) fn of_file(path: &Path, text: &str, faults: &mut Vec<String>) -> anyhow::Result<Vec<Given>> {
    let table: toml::Table = text.parse().map_err(|error: toml::de::Error| {
        let line = error.span().map_or(1, |span| 1 + text[..span.start].matches('\n').count());
        // Only the first line: the others quote the file, which may hold a password.
        let what = error.message().lines().next().unwrap_or_default().to_owned();
        anyhow::anyhow!("{}, line {line}: {what}", path.display())
    })?;
    let mut given = Vec::new();
    for (name, value) in leaves("", table) {
        if holds_any_secret(&name) {
            faults.push(holds_secret(&format!("a name in {}", path.display())));
            continue;
        }
        if holds_any_secret(&value.to_string()) {
            faults.push(holds_secret(&format!("{name} in {}", path.display())));
            continue;
        }
        let Some(setting) = table::find(&name) else {
            let meant = nearest(&name).map(|meant| format!(", did you mean {meant}?")).unwrap_or_default();
            faults.push(format!("{}: there is no setting {name}{meant}", path.display()));
            continue;
        };
        let value = match value {
            toml::Value::String(text) => Value::from(text),
            toml::Value::Boolean(switch) => Value::from(switch),
            toml::Value::Integer(number) => Value::from(number),
            _ => anyhow::bail!("{} in {} must be {}", setting.name, path.display(), setting.expects),
        };
        given.push(Given::new(setting, Origin::File(path), value));
    }
    Ok(given)
}

/// The values of a table with their whole names.
fn leaves(prefix: &str, table: toml::Table) -> Vec<(String, toml::Value)> {
    let mut found = Vec::new();
    for (key, value) in table {
        let name = if prefix.is_empty() { key } else { format!("{prefix}.{key}") };
        match value {
            toml::Value::Table(table) if table::find(&name).is_none() => found.extend(leaves(&name, table)),
            value => found.push((name, value)),
        }
    }
    found
}

/// What the variables of the process give: those that begin with `KEYLEDGER_` and hold `__`. `faults` as of [`of_file`].
pub(super) fn of_variables(variables: &[(String, String)], faults: &mut Vec<String>) -> Vec<Given> {
    let mut given = Vec::new();
    for (variable, text) in variables {
        let Some(rest) = variable.strip_prefix(table::PREFIX).filter(|rest| rest.contains("__")) else {
            continue;
        };
        if holds_any_secret(rest) {
            faults.push(holds_secret(&format!("the name of a variable that begins with {}", table::PREFIX)));
            continue;
        }
        if holds_any_secret(text) {
            faults.push(holds_secret(variable));
            continue;
        }
        let name = rest.to_ascii_lowercase().replacen("__", ".", 1);
        // One spelling each: KEYLEDGER_server__data_dir is not it.
        match table::find(&name).filter(|setting| table::variable(setting.name) == *variable) {
            Some(setting) => given.push(Given::text(setting, Origin::Variable(variable), text)),
            None => {
                let meant = nearest(&name).map(|meant| format!(", did you mean {}?", table::variable(meant)));
                faults.push(format!("there is no setting {variable}{}", meant.unwrap_or_default()));
            }
        }
    }
    given
}
