//! `keyledger operator-key new`: the way back in for whoever holds the keyring.

use std::fs;

use keyledger_tests::Registry;
use serde_json::json;

#[test]
fn a_lost_operator_key_is_replaced_while_the_server_is_stopped_and_that_is_recorded() {
    let mut registry = Registry::start();
    let lost = registry.operator_key();
    registry.stop();
    let terminal = registry.terminal();
    let in_the_way = terminal.run(&["operator-key", "new"]).exited(1);
    assert!(in_the_way.error_line().contains("exists already"), "{}", in_the_way.stderr);
    fs::remove_file(registry.data_dir().join("operator-key")).expect("the file can be removed");

    let made = terminal.run(&["operator-key", "new", "--name", "on call", "--json"]).exited(0).json();
    let key = made["operatorKey"].as_str().expect("the key").to_owned();
    assert_ne!(key, lost);
    registry.restart();
    assert_eq!(registry.operator_key(), key);
    let events = registry.operator().get("/v1/events?after=2").send().expecting(200).lines();
    assert_eq!(events.len(), 1);
    let event = &events[0]["event"];
    assert_eq!((&event["type"], &event["data"]["name"]), (&json!("KeyCreated"), &json!("on call")));
    assert_eq!(event["actor"], json!({ "kind": "keyring", "id": event["log"] }));
    registry.management(&lost).get("/v1/scopes").send().expecting(200);
}

#[test]
fn the_key_itself_is_printed_to_a_terminal_or_as_json_only() {
    let mut registry = Registry::start();
    registry.stop();
    fs::remove_file(registry.data_dir().join("operator-key")).expect("the file can be removed");
    let made = registry.terminal().run(&["operator-key", "new"]).exited(0);
    let key = registry.operator_key();
    assert!(!made.stdout.contains(&key) && !made.stderr.contains(&key), "{}", made.stdout);
    assert!(made.stdout.contains("operator-key"), "{}", made.stdout);
}
