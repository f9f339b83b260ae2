//! Settings: where they come from, which one counts, and what is said of those that are not understood.

use std::fs;
use std::path::Path;

use keyledger_tests::{Terminal, unknown_secret};
use serde_json::Value;
use tempfile::TempDir;

fn terminal(file: &str) -> (TempDir, Terminal) {
    let home = tempfile::tempdir().expect("a temporary directory");
    if !file.is_empty() {
        fs::write(home.path().join("keyledger.toml"), file).expect("the file can be written");
    }
    let terminal = Terminal::new(home.path());
    (home, terminal)
}

/// What `config show` says of a setting: its value and where it came from.
fn shown(terminal: &Terminal, more: &[&str], name: &str) -> (String, String) {
    let all = terminal.run(&[&["config", "show", "--json"], more].concat()).exited(0).json();
    let settings = all["settings"].as_array().expect("a list of settings");
    let setting = settings.iter().find(|setting| setting["name"] == name);
    let setting = setting.unwrap_or_else(|| panic!("no {name} in {all}"));
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    (text(&setting["value"]), text(&setting["from"]))
}

#[test]
fn flags_win_over_the_environment_over_the_file_over_the_defaults() {
    const NAME: &str = "client.url";
    let (_home, bare) = terminal("");
    assert_eq!(shown(&bare, &[], NAME), ("http://127.0.0.1:8080".into(), "default".into()));

    let (_home, with_file) = terminal("[client]\nurl = \"http://file.example\"\n");
    let (value, from) = shown(&with_file, &[], NAME);
    assert_eq!(value, "http://file.example");
    assert!(from.contains("keyledger.toml"), "{from}");

    let with_variable = with_file.clone().set("KEYLEDGER_CLIENT__URL", "http://variable.example");
    let (value, from) = shown(&with_variable, &[], NAME);
    assert_eq!((value.as_str(), from.as_str()), ("http://variable.example", "KEYLEDGER_CLIENT__URL"));

    let (value, from) = shown(&with_variable, &["--url", "http://flag.example"], NAME);
    assert_eq!((value.as_str(), from.as_str()), ("http://flag.example", "--url"));
}

#[test]
fn a_file_that_is_named_must_be_there_and_is_read_instead() {
    let (home, terminal) = terminal("[client]\nurl = \"http://file.example\"\n");
    fs::write(home.path().join("other.toml"), "[client]\nurl = \"http://other.example\"\n").expect("written");
    assert_eq!(shown(&terminal, &["--config", "other.toml"], "client.url").0, "http://other.example");
    let missing = terminal.run(&["config", "show", "--config", "missing.toml"]).exited(1);
    assert!(missing.error_line().contains("missing.toml"), "{}", missing.stderr);
}

#[test]
fn an_unknown_setting_is_an_error_that_names_it_wherever_it_stands() {
    let (_home, in_file) = terminal("[server]\ndata_dri = \"x\"\n[nonsense]\na = 1\n");
    let refused = in_file.run(&["config", "show"]);
    assert_ne!(refused.code, Some(0));
    assert!(refused.error_line().contains("server.data_dri"), "{}", refused.stderr);
    assert!(
        refused.error_line().contains("server.data_dir"),
        "the nearest name is offered: {}",
        refused.stderr
    );
    assert!(refused.error_line().contains("nonsense"), "every one is named: {}", refused.stderr);

    let (_home, bare) = terminal("");
    let refused = bare.clone().set("KEYLEDGER_VALIDATOR__HARD_BUOND", "1s").run(&["config", "show"]);
    assert_ne!(refused.code, Some(0));
    assert!(refused.error_line().contains("KEYLEDGER_VALIDATOR__HARD_BUOND"), "{}", refused.stderr);
    // Only names with two underscores are settings.
    bare.set("KEYLEDGER_BIN", "x").run(&["config", "show"]).exited(0);
}

#[test]
fn a_wrong_value_is_named_by_where_it_came_from_and_not_repeated() {
    let (_home, terminal) = terminal("");
    let refused = terminal.set("KEYLEDGER_VALIDATOR__SOFT_BOUND", "CANARY").run(&["config", "show"]);
    let refused = refused.exited(1);
    assert!(refused.error_line().contains("KEYLEDGER_VALIDATOR__SOFT_BOUND"), "{}", refused.stderr);
    assert!(
        refused.error_line().contains("duration") && !refused.stderr.contains("CANARY"),
        "{}",
        refused.stderr
    );
}

#[test]
fn what_may_be_a_secret_is_not_shown() {
    let (_home, terminal) = terminal("");
    let terminal =
        terminal.set("KEYLEDGER_TELEMETRY__OTLP_ENDPOINT", "http://me:hunter2@traces.example/v1?t=hunter2");
    let shown = terminal.run(&["config", "show"]).exited(0).stdout;
    assert!(shown.contains("traces.example") && !shown.contains("hunter2"), "{shown}");
}

#[test]
fn a_secret_in_place_of_a_setting_is_refused_by_name_and_never_printed() {
    let secret = unknown_secret();
    let (_home, terminal) = terminal(&format!("[client]\nkey_file = \"{secret}\"\n"));
    let terminal = terminal.set("KEYLEDGER_SERVER__DATA_DIR", &secret);
    let commands: [&[&str]; 3] =
        [&["config", "show"], &["config", "check", "--json"], &["keys", "list", "--partner", "acme"]];
    for command in commands {
        let refused = terminal.run(command).exited(1);
        for place in ["client.key_file in ", "KEYLEDGER_SERVER__DATA_DIR", "revoke that key"] {
            assert!(refused.error_line().contains(place), "{place} in {}", refused.stderr);
        }
        assert!(!format!("{}{}", refused.stdout, refused.stderr).contains(&secret[13..]), "{command:?}");
    }
}

#[test]
fn an_address_off_loopback_needs_a_certificate_or_a_proxy_in_front() {
    let (_home, terminal) = terminal("[listen]\ncommand = \"0.0.0.0:8080\"\n");
    let checked = terminal.run(&["config", "check"]).exited(1);
    assert!(checked.stdout.contains("listen.command"), "{}", checked.stdout);
    let free = "127.0.0.1:0";
    let refused = terminal.run(&["serve", "--listen-validator", free, "--listen-ops", free]).exited(1);
    assert!(refused.stderr.contains("certificate"), "{}", refused.stderr);
    assert!(!Path::new("keyledger-data").exists());
    let behind_proxy = terminal.set("KEYLEDGER_LISTEN__BEHIND_PROXY", "true");
    behind_proxy.run(&["config", "check"]).exited(0);
}

#[test]
fn a_keyring_beside_the_log_is_warned_of_and_is_no_fault() {
    let registry = crate::SHARED.get();
    let checked = registry.terminal().run(&["config", "check", "--json"]).exited(0).json();
    assert_eq!(checked["faults"], serde_json::json!([]));
    let warnings = checked["warnings"].to_string();
    assert!(warnings.contains("keyring") && warnings.contains("beside the log"), "{warnings}");
}

#[test]
fn a_database_of_read_models_goes_with_any_log_and_its_url_holds_no_password() {
    let with = |url: &str| {
        let (home, bare) = terminal("");
        (home, bare.set("KEYLEDGER_READ_MODELS__URL", url))
    };
    let (_home, terminal) = with("postgres://h/keys");
    terminal.run(&["config", "check"]).exited(0);
    let (_home, terminal) = with("postgres://u:hunter2@h/keys");
    let refused = terminal.run(&["config", "show"]);
    assert_ne!(refused.code, Some(0));
    let said = refused.error_line();
    assert!(said.contains("READ_MODELS__URL") && !said.contains("hunter2"), "{}", refused.stderr);
}

#[test]
fn the_settings_of_a_log_in_a_database_go_together_and_hold_no_password() {
    let (_home, terminal) = terminal("");
    let faults = |settings: &[(&str, &str)]| {
        let told =
            settings.iter().fold(terminal.clone(), |terminal, (name, value)| terminal.set(name, value));
        told.run(&["config", "check", "--json"])
    };
    let (store, url) = (("KEYLEDGER_LOG__STORE", "postgres"), ("KEYLEDGER_LOG__URL", "postgres://u@db/keys"));
    let said = |settings: &[(&str, &str)]| faults(settings).exited(1).json()["faults"].to_string();
    assert!(said(&[store]).contains("log.url is not set"));
    assert!(said(&[url]).contains("log.store is sqlite"));
    faults(&[store, url]).exited(0);
    let refused = faults(&[store, ("KEYLEDGER_LOG__URL", "postgres://u:hunter2@db/keys")]);
    assert!(
        refused.error_line().contains("a URL of a PostgreSQL or KurrentDB database without a password"),
        "{}",
        refused.stderr
    );
    assert!(!refused.stderr.contains("hunter2"), "{}", refused.stderr);
}
