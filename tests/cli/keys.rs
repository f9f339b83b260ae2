//! `keyledger keys …`: the life of a key from a terminal.

use std::fs::File;
use std::process::{Output, Stdio};

use keyledger_tests::{Registry, Terminal};
use serde_json::{Value, json};

use crate::SHARED;

/// Runs a command with `--json`; what it printed.
fn json(terminal: &Terminal, arguments: &[&str]) -> Value {
    terminal.run(&[arguments, &["--json"]].concat()).exited(0).json()
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_else(|| panic!("no text: {value}"))
}

fn create(registry: &Registry, partner: &str) -> (String, String) {
    let arguments = ["keys", "create", "--partner", partner, "--name", "CI", "--scope", "client:read"];
    let made = json(&registry.terminal(), &arguments);
    (text(&made["key"]["keyId"]).to_owned(), text(&made["secret"]).to_owned())
}

#[test]
fn create_prints_the_secret_alone_on_stdout_and_everything_about_it_on_stderr() {
    let registry = SHARED.get();
    let arguments = ["keys", "create", "--partner", "cli-create", "--name", "CI", "--scope", "client:read"];
    let made = registry.terminal().run(&arguments).exited(0);
    let secret = made.stdout.strip_suffix('\n').expect("one line");
    assert_eq!(secret.len(), 51, "{secret}");
    assert_eq!(registry.health(secret).status, 200);
    assert!(made.stderr.contains(&secret[..8]) && !made.stderr.contains(secret), "{}", made.stderr);
}

#[test]
fn create_takes_scopes_throttle_and_expiry_and_answers_in_json() {
    let registry = SHARED.get();
    let arguments = [
        "keys",
        "create",
        "--partner",
        "cli-json",
        "--name",
        "CI",
        "--scope",
        "client:read",
        "--scope",
        "site:read",
        "--rate",
        "50",
        "--burst",
        "100",
        "--expires-in",
        "90d",
    ];
    let made = json(&registry.terminal(), &arguments);
    let key = &made["key"];
    assert_eq!(key["scopes"], json!(["client:read", "site:read"]));
    assert_eq!(key["throttle"], json!({ "ratePerSecond": 50, "burst": 100 }));
    assert!(key["expiresAt"].is_string(), "{key}");
    assert_eq!(registry.health(text(&made["secret"])).status, 200);
}

#[test]
fn a_secret_that_nobody_could_read_is_told_to_be_lost() {
    let registry = SHARED.get();
    let create = |json: &[&str], stdout: Stdio, reads: bool| {
        let mut command = registry.terminal().command();
        command.args(["keys", "create", "--partner", "cli-lost", "--name", "CI", "--scope", "client:read"]);
        let mut child =
            command.args(json).stdout(stdout).stderr(Stdio::piped()).spawn().expect("it can be started");
        if !reads {
            drop(child.stdout.take());
        }
        let Output { status, stderr, .. } = child.wait_with_output().expect("it ends");
        (status.code(), String::from_utf8(stderr).expect("text"))
    };
    let full = || Stdio::from(File::options().write(true).open("/dev/full").expect("a device that is full"));
    let lost = [
        create(&[], Stdio::piped(), false),
        create(&["--json"], Stdio::piped(), false),
        create(&[], full(), true),
        create(&["--json"], full(), true),
    ];
    let keys = json(&registry.terminal(), &["keys", "list", "--partner", "cli-lost"]);
    let keys = keys["keys"].as_array().expect("a list of keys");
    assert_eq!(keys.len(), lost.len());
    for ((code, said), key) in lost.iter().zip(keys.iter().rev()) {
        assert_eq!(*code, Some(1), "{said}");
        assert_eq!(said.lines().count(), 1, "{said}");
        for part in [text(&key["keyId"]), "--replace newest", "keys revoke"] {
            assert!(said.contains(part), "{part} in {said}");
        }
    }
}

#[test]
fn no_secret_is_made_where_nobody_could_read_it() {
    let registry = SHARED.get();
    let create = "keyledger keys create --partner cli-nowhere --name CI --scope client:read";
    for nowhere in [">&-", ">/dev/null"] {
        let refused = registry.terminal().paste(&format!("{create} {nowhere}")).exited(1);
        assert!(refused.error_line().contains("stdout"), "{}", refused.stderr);
    }
    let list = ["keys", "list", "--partner", "cli-nowhere"];
    assert_eq!(json(&registry.terminal(), &list)["keys"], json!([]));
}

#[test]
fn a_repeated_create_says_what_the_registry_says_of_its_secret() {
    let registry = SHARED.get();
    let terminal = registry.terminal();
    let arguments = [
        "keys",
        "create",
        "--partner",
        "cli-again",
        "--name",
        "CI",
        "--scope",
        "client:read",
        "--idempotency-key",
        "a1",
    ];
    terminal.run(&arguments).exited(0);
    let again = terminal.run(&arguments).exited(1);
    assert_eq!(again.stdout, "");
    assert!(again.error_line().contains("newest"), "{}", again.stderr);
    let found = json(&terminal, &["keys", "list", "--partner", "cli-again"]);
    assert_eq!(found["keys"].as_array().map(Vec::len), Some(1));

    let id = text(&found["keys"][0]["keyId"]);
    json(&terminal, &["keys", "revoke", "--partner", "cli-again", "--key", id]);
    let dead = terminal.run(&arguments).exited(1);
    let said = dead.error_line();
    assert!(said.contains(id) && said.contains("was revoked") && !said.contains("newest"), "{said}");
}

#[test]
fn a_key_lives_from_create_to_revoke_in_commands() {
    let registry = SHARED.get();
    let terminal = registry.terminal();
    let (id, first) = create(&registry, "cli-life");
    let which = ["--partner", "cli-life", "--key", &id];
    let keys = |words: &[&str]| json(&terminal, &[&["keys"], words, &which[..]].concat());

    let renewed = keys(&["regenerate", "--overlap", "2h"]);
    let second = text(&renewed["secret"]).to_owned();
    assert_eq!((registry.health(&first).status, registry.health(&second).status), (200, 200));
    let running = terminal.run(&[&["keys", "regenerate"], &which[..]].concat()).exited(1);
    assert!(running.error_line().contains("overlap-running"), "{}", running.stderr);

    assert_eq!(keys(&["end-overlap"])["supersededSecrets"], json!([]));
    assert_eq!((registry.health(&first).status, registry.health(&second).status), (403, 200));

    let edited = keys(&["edit", "--name", "renamed", "--scope", "user:read", "--rate", "5", "--burst", "6"]);
    assert_eq!((&edited["name"], &edited["scopes"]), (&json!("renamed"), &json!(["user:read"])));
    assert_eq!(edited["throttle"], json!({ "ratePerSecond": 5, "burst": 6 }));
    let back = keys(&["edit", "--default-throttle", "--never-expires"]);
    assert_eq!(back["throttle"], json!({ "ratePerSecond": 10, "burst": 20 }));
    assert_eq!(keys(&["show"]), back);
    let stale =
        terminal.run(&[&["keys", "edit", "--name", "x", "--if-match", "0"], &which[..]].concat()).exited(1);
    assert!(stale.error_line().contains("stale"), "{}", stale.stderr);

    let revoked = keys(&["revoke", "--reason", "not used"]);
    assert_eq!((&revoked["status"], &revoked["revocationReason"]), (&json!("REVOKED"), &json!("not used")));
    assert_eq!(registry.health(&second).status, 403);
    let late = terminal.run(&[&["keys", "regenerate"], &which[..]].concat()).exited(1);
    assert!(late.error_line().contains("key-revoked"), "{}", late.stderr);

    let history = keys(&["history"]);
    let events = history["events"].as_array().expect("a list of events").iter();
    let types: Vec<_> = events.map(|event| text(&event["event"]["type"])).collect();
    assert_eq!(types.first(), Some(&"KeyCreated"));
    assert_eq!(types.last(), Some(&"KeyRevoked"));
}

#[test]
fn people_get_tables_with_the_same_in_them() {
    let registry = SHARED.get();
    let terminal = registry.terminal();
    let (id, secret) = create(&registry, "cli-tables");
    let which = ["--partner", "cli-tables", "--key", &id];
    let shown = [
        terminal.run(&["keys", "list", "--partner", "cli-tables"]),
        terminal.run(&[&["keys", "show"], &which[..]].concat()),
        terminal.run(&[&["keys", "history"], &which[..]].concat()),
    ];
    for ran in shown {
        let ran = ran.exited(0);
        assert!(ran.stdout.contains(&secret[..8]) && !ran.stdout.contains(&secret), "{}", ran.stdout);
        assert!(serde_json::from_str::<Value>(&ran.stdout).is_err(), "{}", ran.stdout);
        assert!(!ran.stdout.contains('\u{1b}'), "no colours where nobody sees them");
    }
}

#[test]
fn a_list_goes_on_over_pages_and_can_be_filtered() {
    let registry = SHARED.get();
    for _ in 0..3 {
        registry.create("cli-list", "a", &["client:read"]);
    }
    registry.revoke(&registry.create("cli-list", "gone", &["client:read"]));
    let terminal = registry.terminal();
    let list = |more: &[&str]| {
        let found = json(&terminal, &[&["keys", "list", "--partner", "cli-list"], more].concat());
        found["keys"].as_array().expect("a list of keys").len()
    };
    assert_eq!((list(&[]), list(&["--limit", "2"])), (4, 2));
    assert_eq!((list(&["--status", "revoked"]), list(&["--status", "active"])), (1, 3));
}

#[test]
fn what_the_registry_refuses_is_one_line_with_every_faulty_field() {
    let registry = SHARED.get();
    let terminal = registry.terminal();
    let arguments = [
        "keys",
        "create",
        "--partner",
        "acme",
        "--name",
        " ",
        "--scope",
        "nonsense",
        "--rate",
        "0",
        "--burst",
        "20",
    ];
    let refused = terminal.run(&arguments).exited(1);
    for field in ["name", "scopes[0]", "throttle.ratePerSecond"] {
        assert!(refused.error_line().contains(field), "{field} in {}", refused.stderr);
    }
    assert_eq!(refused.stdout, "");
    let absent = "0198c7a0-0000-7000-8000-000000000001";
    let missing = terminal.run(&["keys", "show", "--partner", "acme", "--key", absent]).exited(1);
    assert!(missing.error_line().contains("not-found"), "{}", missing.stderr);
}
