//! Puts the layers together.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, anyhow, bail};
use figment::{Figment, value::Value};
use serde::Serialize;

use super::{
    HttpUrl, Settings,
    layers::{Flag, Given, Origin, of_file, of_variables},
    table::{self, Default, Kind, TABLE},
};

/// The file that is read where none is named: in the working directory.
const FILE: &str = "keyledger.toml";

/// Where settings may come from.
#[derive(Clone, Debug, std::default::Default)]
pub(crate) struct Sources {
    /// The file that was named; it must exist.
    pub config: Option<PathBuf>,
    /// The variables of the process.
    pub variables: Vec<(String, String)>,
    /// What the command line says.
    pub flags: Vec<Flag>,
}

/// Settings, and where each came from.
pub(crate) struct Loaded {
    /// The settings.
    pub settings: Settings,
    figment: Figment,
}

/// The value of a flag cannot be used: wrong usage, where the same value in a file would be a fault of the machine.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct WrongFlag(String);

/// A setting as `config show` shows it.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Shown {
    /// `section.field`.
    pub name: &'static str,
    /// Its value without what may be a secret; none where it is unset.
    pub value: Option<String>,
    /// `default`, a file, a variable or a flag.
    pub from: String,
}

/// Reads all places.
///
/// # Errors
/// One line that names every unknown setting and every one that holds a secret, or else the first value that is wrong, and
/// says how it is written. It quotes no value. A [`WrongFlag`] where that value was given on the command line.
pub(crate) fn load(sources: &Sources) -> anyhow::Result<Loaded> {
    let mut faults = Vec::new();
    let mut given = Vec::new();
    if let Some((path, text)) = read(sources.config.as_deref())? {
        given.extend(of_file(&path, &text, &mut faults)?);
    }
    given.extend(of_variables(&sources.variables, &mut faults));
    for Flag { setting, flag, value } in &sources.flags {
        let setting = table::find(setting).with_context(|| format!("{flag} gives no setting"))?;
        given.push(Given::text(setting, Origin::Flag(flag), value));
    }
    if !faults.is_empty() {
        bail!("{}", faults.join("; "));
    }
    let figment = given.into_iter().fold(defaults(), Figment::merge);
    let figment = in_data_dir(figment)?;
    let settings = figment.extract().map_err(|error| explain(&figment, &error))?;
    Ok(Loaded { settings, figment })
}

fn read(named: Option<&Path>) -> anyhow::Result<Option<(PathBuf, String)>> {
    let path = named.unwrap_or(Path::new(FILE));
    match fs::read_to_string(path) {
        Ok(text) => Ok(Some((path.to_owned(), text))),
        Err(error) if named.is_none() && error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(anyhow!("cannot read the settings file {}: {error}", path.display())),
    }
}

fn defaults() -> Figment {
    TABLE.iter().fold(Figment::new(), |figment, setting| match setting.default {
        Default::Is(text) => figment.merge(Given::text(setting, Origin::Default, text)),
        Default::Unset | Default::InDataDir(_) => figment,
    })
}

/// Adds the defaults that depend on where data lies.
fn in_data_dir(figment: Figment) -> anyhow::Result<Figment> {
    let directory: PathBuf =
        figment.extract_inner("server.data_dir").map_err(|error| explain(&figment, &error))?;
    Ok(TABLE.iter().fold(figment, |figment, setting| match setting.default {
        Default::InDataDir(file) => {
            let path = directory.join(file).to_string_lossy().into_owned();
            figment.join(Given::new(setting, Origin::Default, path))
        }
        Default::Unset | Default::Is(_) => figment,
    }))
}

/// How a setting was given, to begin a sentence about it.
fn given_as(figment: &Figment, name: &str) -> String {
    let from = figment.find_metadata(name).map_or("", |metadata| &metadata.name);
    if from.starts_with("--") || from.starts_with(table::PREFIX) {
        from.to_owned()
    } else {
        format!("{name} in {from}")
    }
}

fn explain(figment: &Figment, error: &figment::Error) -> anyhow::Error {
    let name = error.path.join(".");
    match table::find(&name) {
        Some(setting) => {
            let place = given_as(figment, setting.name);
            let said = format!("{place} must be {}", setting.expects);
            if place.starts_with("--") { WrongFlag(said).into() } else { anyhow!(said) }
        }
        None => anyhow!("the settings cannot be read: {name}"),
    }
}

impl Loaded {
    /// Whether a flag gave this setting.
    pub(crate) fn is_of_flag(&self, name: &str) -> bool {
        self.figment.find_metadata(name).is_some_and(|metadata| metadata.name.starts_with("--"))
    }

    /// Every setting with its value and where it came from.
    pub(crate) fn shown(&self) -> Vec<Shown> {
        TABLE
            .iter()
            .map(|setting| {
                let value = self.figment.find_value(setting.name).ok().map(|value| as_text(&value));
                let redacted =
                    |text: String| text.parse::<HttpUrl>().map_or(String::new(), |url| url.to_string());
                let value = if setting.kind == Kind::Url { value.map(redacted) } else { value };
                let from = self.figment.find_metadata(setting.name);
                let from = from
                    .map_or_else(|| Origin::Default.name(), |metadata| metadata.name.clone().into_owned());
                Shown { name: setting.name, value, from }
            })
            .collect()
    }
}

fn as_text(value: &Value) -> String {
    match value {
        Value::String(_, text) => text.clone(),
        Value::Bool(_, switch) => switch.to_string(),
        // Only numbers are left: `layers` lets nothing else in.
        other => other.to_i128().map(|number| number.to_string()).unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn from_file(text: &str) -> (tempfile::TempDir, Sources) {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("settings.toml");
        fs::write(&path, text).expect("a file");
        (directory, Sources { config: Some(path), ..Sources::default() })
    }

    fn variable(name: &str, value: &str) -> (String, String) {
        (name.to_owned(), value.to_owned())
    }

    fn flag(setting: &'static str, flag: &'static str, value: &str) -> Flag {
        Flag { setting, flag, value: value.to_owned() }
    }

    fn refusal(sources: &Sources) -> String {
        load(sources).err().expect("a refusal").to_string()
    }

    #[test]
    fn nothing_given_means_the_defaults() {
        let loaded = load(&Sources::default()).expect("settings");
        let settings = &loaded.settings;
        assert_eq!(settings.listen.endpoints().command.address.to_string(), "127.0.0.1:8080");
        assert_eq!(settings.keyring.path, Path::new("./keyledger-data/keyring"));
        assert_eq!(settings.validator.hard_bound.0, Duration::from_secs(60));
        assert!(loaded.shown().iter().all(|shown| shown.from == "default"));
    }

    #[test]
    fn a_flag_is_over_a_variable_over_the_file_over_the_default() {
        let (_directory, mut sources) = from_file(
            "server.data_dir = 'f'\n[listen]\ncommand = '127.0.0.1:1'\nvalidator = '127.0.0.1:1'\nops = '127.0.0.1:1'\n",
        );
        sources.variables = vec![
            variable("KEYLEDGER_LISTEN__COMMAND", "127.0.0.1:2"),
            variable("KEYLEDGER_LISTEN__VALIDATOR", "127.0.0.1:2"),
        ];
        sources.flags = vec![flag("listen.command", "--listen-command", "127.0.0.1:3")];
        let loaded = load(&sources).expect("settings");
        let ports = loaded.settings.listen.endpoints();
        let ports = [ports.command, ports.validator, ports.ops].map(|endpoint| endpoint.address.port());
        assert_eq!(ports, [3, 2, 1]);
        let from = |name| {
            let shown = loaded.shown();
            shown.into_iter().find(|shown| shown.name == name).expect("shown").from
        };
        let file = sources.config.expect("a file").display().to_string();
        assert_eq!(from("listen.command"), "--listen-command");
        assert_eq!(from("listen.validator"), "KEYLEDGER_LISTEN__VALIDATOR");
        assert_eq!(from("listen.ops"), file);
        assert_eq!(from("client.key_file"), "default");
        assert_eq!(loaded.settings.client.key_file, Path::new("f/operator-key"));
    }

    #[test]
    fn every_unknown_setting_is_named_with_what_was_meant() {
        let (_directory, mut sources) = from_file("[server]\ndatadir = 'x'\n[colour]\nsky = 'blue'\n");
        sources.variables = vec![variable("KEYLEDGER_LISTEN__COMAND", "x"), variable("KEYLEDGER_HOME", "x")];
        let refusal = refusal(&sources);
        for part in [
            "server.datadir, did you mean server.data_dir?",
            "colour.sky",
            "KEYLEDGER_LISTEN__COMAND, did you mean KEYLEDGER_LISTEN__COMMAND?",
        ] {
            assert!(refusal.contains(part), "{refusal}");
        }
        assert!(!refusal.contains("KEYLEDGER_HOME"), "a name without __ is no setting: {refusal}");
        assert!(!refusal.contains('\n'), "{refusal}");
    }

    #[test]
    fn a_wrong_value_is_named_by_where_it_was_given_and_not_quoted() {
        let (_directory, mut sources) = from_file("validator.verify = 'hunter2'\n");
        let file = sources.config.clone().expect("a file").display().to_string();
        assert_eq!(refusal(&sources), format!("validator.verify in {file} must be true or false"));
        sources.config = None;
        let wrong = [
            ("KEYLEDGER_LISTEN__OPS", "hunter2", "an address and a port"),
            ("KEYLEDGER_VALIDATOR__SOFT_BOUND", "5", "a duration"),
            ("KEYLEDGER_LOG__STORE", "oracle", "sqlite, postgres or kurrentdb"),
            (
                "KEYLEDGER_LOG__URL",
                "postgres://u:hunter2@h/d",
                "a URL of a PostgreSQL or KurrentDB database without a password",
            ),
            (
                "KEYLEDGER_READ_MODELS__URL",
                "postgres://u:hunter2@h/d",
                "a URL of a PostgreSQL database without a password",
            ),
            ("KEYLEDGER_SECRET__MARKER", "KL1", "a lower-case letter"),
            ("KEYLEDGER_CLIENT__URL", "http://h/hunter2", "an http or https URL"),
            ("KEYLEDGER_TELEMETRY__LOG_LEVEL", "a=b=c", "a level"),
            ("KEYLEDGER_TELEMETRY__LOG_FORMAT", "xml", "auto, json or pretty"),
            ("KEYLEDGER_KAFKA__BROKERS", "hunter2@kafka", "one or more addresses"),
            ("KEYLEDGER_KAFKA__TOPIC_PREFIX", "hunter 2", "1 to 200 letters"),
            ("KEYLEDGER_KAFKA__PARTITIONS", "0", "a whole number from 1 to 1000"),
            ("KEYLEDGER_KAFKA__REPLICATION_FACTOR", "three", "a whole number from 1 to 1000"),
        ];
        for (name, value, expects) in wrong {
            sources.variables = vec![variable(name, value)];
            let refusal = refusal(&sources);
            assert!(refusal.starts_with(&format!("{name} must be {expects}")), "{refusal}");
            assert!(!refusal.contains("hunter2"), "{refusal}");
        }
        sources.variables.clear();
        sources.flags = vec![flag("listen.ops", "--listen-ops", "9100")];
        let wrong = load(&sources).err().expect("a refusal");
        assert!(wrong.to_string().starts_with("--listen-ops must be an address"));
        assert!(wrong.is::<WrongFlag>(), "wrong usage, and no fault of the machine");
    }

    #[test]
    fn a_secret_among_the_settings_is_refused_by_the_place_and_not_shown() {
        let secret = "A0123456_kl1_0123456789ABCDEFGHIJKLMNOPQRSTUV2Z36ee";
        let (_directory, mut sources) = from_file(&format!(
            "client.key_file = '{secret}'\nclient.url = ['{secret}']\nnonsense = '{secret}'\n{secret} = 1\n"
        ));
        sources.variables = vec![
            variable("KEYLEDGER_TELEMETRY__OTLP_ENDPOINT", &format!("http://h/?key={secret}")),
            variable(&format!("KEYLEDGER_X__{secret}"), "1"),
        ];
        let refusal = refusal(&sources);
        for place in [
            "client.key_file in ",
            "client.url in ",
            "nonsense in ",
            "a name in ",
            "KEYLEDGER_TELEMETRY__OTLP_ENDPOINT holds",
            "the name of a variable that begins with KEYLEDGER_ holds",
        ] {
            assert!(refusal.contains(place), "{place}: {refusal}");
        }
        assert!(!refusal.contains(&secret[13..]) && !refusal.contains('\n'), "{refusal}");
    }

    #[test]
    fn a_file_that_was_named_must_be_there_and_be_toml() {
        let sources = Sources { config: Some("no-such-file.toml".into()), ..Sources::default() };
        assert!(refusal(&sources).starts_with("cannot read the settings file no-such-file.toml"));
        let (_directory, sources) = from_file("[server]\ndata_dir = 'x'\nlog.url = hunter2\n");
        let refusal = refusal(&sources);
        assert!(refusal.contains("settings.toml, line 3") && !refusal.contains("hunter2"), "{refusal}");
    }

    #[test]
    fn what_is_shown_hides_what_may_be_secret() {
        let url =
            variable("KEYLEDGER_TELEMETRY__OTLP_ENDPOINT", "http://u:hunter2@h:4318/v1/traces?t=hunter2");
        let loaded = load(&Sources { variables: vec![url], ..Sources::default() }).expect("settings");
        let shown = format!("{:?} {:?}", loaded.shown(), loaded.settings);
        assert!(shown.contains("[redacted]@h:4318") && !shown.contains("hunter2"), "{shown}");
    }

    #[test]
    fn a_number_of_partitions_may_be_a_number_or_its_digits() {
        let (_directory, mut sources) = from_file("kafka.partitions = 12\n");
        assert_eq!(load(&sources).expect("settings").settings.kafka.partitions.0, 12);
        sources.variables = vec![variable("KEYLEDGER_KAFKA__PARTITIONS", "6")];
        assert_eq!(load(&sources).expect("settings").settings.kafka.partitions.0, 6);
    }

    #[test]
    fn a_bound_of_zero_may_be_a_number() {
        let (_directory, sources) = from_file("validator.hard_bound = 0\n");
        let loaded = load(&sources).expect("settings");
        assert_eq!(loaded.settings.validator.hard_bound.0, Duration::ZERO);
        assert!(
            loaded
                .shown()
                .iter()
                .any(|it| it.name == "validator.hard_bound" && it.value.as_deref() == Some("0"))
        );
    }
}
