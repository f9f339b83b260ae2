//! `keyledger events`: what happened, and what happens.

use std::io::{BufRead, BufReader};
use std::process::Stdio;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use serde_json::Value;

use crate::SHARED;

fn lines(stdout: &str) -> Vec<Value> {
    stdout.lines().map(|line| serde_json::from_str(line).expect("a line of JSON")).collect()
}

#[test]
fn events_are_told_one_a_line_and_can_be_chosen() {
    let registry = SHARED.get();
    let terminal = registry.terminal();
    let key = registry.create("cli-events", "a", &["client:read"]);
    registry.revoke(&key);
    let of = |more: &[&str]| {
        let events = lines(&terminal.run(&[&["events", "--json"], more].concat()).exited(0).stdout);
        events
            .iter()
            .map(|line| line["event"]["type"].as_str().expect("a type").to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(of(&["--partner", "cli-events"]), ["KeyCreated", "KeyRevoked"]);
    assert_eq!(of(&["--key", &key.id, "--type", "KeyRevoked"]), ["KeyRevoked"]);
    assert_eq!(of(&["--limit", "1"]), ["ScopeCatalogueChanged"]);
    let created = key.key["position"].as_u64().expect("a position").to_string();
    assert_eq!(of(&["--partner", "cli-events", "--after", &created]), ["KeyRevoked"]);

    let table = terminal.run(&["events", "--partner", "cli-events"]).exited(0).stdout;
    assert!(table.contains("KeyRevoked") && table.contains("cli-events"), "{table}");
}

#[test]
fn an_unknown_type_is_wrong_usage_that_lists_the_types() {
    let refused = SHARED.get().terminal().run(&["events", "--type", "KeyRevokd"]).exited(2);
    for part in ["KeyCreated", "KeyRevoked", "ScopeCatalogueChanged", "--help"] {
        assert!(refused.error_line().contains(part), "{part} in {}", refused.stderr);
    }
}

#[test]
fn following_goes_on_with_what_happens() {
    let registry = SHARED.get();
    let mut command = registry.terminal().command();
    command.args(["events", "--follow", "--json", "--partner", "cli-follow"]).stdout(Stdio::piped());
    let mut child = command.spawn().expect("the binary can be started");
    let stdout = BufReader::new(child.stdout.take().expect("stdout is a pipe"));
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        for line in stdout.lines().map_while(Result::ok) {
            // The test may have seen enough.
            let _ = sender.send(line);
        }
    });
    let mut seen = Vec::new();
    for _ in 0..3 {
        let key = registry.create("cli-follow", "a", &["client:read"]);
        let line = receiver.recv_timeout(Duration::from_secs(20)).map_err(|_| seen.clone());
        let line = line.unwrap_or_else(|seen| panic!("nothing comes after {seen:?}"));
        let event: Value = serde_json::from_str(&line).expect("a line of JSON");
        assert_eq!(event["event"]["stream"], format!("key-{}", key.id));
        seen.push(line);
    }
    child.kill().expect("a child can be killed");
    child.wait().expect("a killed child ends");
}
