//! Time travel equals history: what a client saw with an answer is what is told of its `X-Log-Position`, and of its moment,
//! ever after, by the running registry and by its files.

use std::{path::Path, thread::sleep, time::Duration};

use keyledger_tests::{Answer, Dice, Registry, from_now};
use serde_json::Value;

use crate::random_life::{Ends, RandomLife};

/// How many commands are given.
const COMMANDS: usize = 40;

/// What a client saw after a command.
struct Seen {
    position: u64,
    moment: String,
    answers: Vec<(String, Answer)>,
}

fn with(path: &str, at: &str) -> String {
    let glue = if path.contains('?') { '&' } else { '?' };
    format!("{path}{glue}at={at}")
}

/// The keys of a partner as `audit state` tells them, the newest first as lists have them.
fn listed(registry: &Registry, source: &[&str], partner: &str, at: &str) -> Vec<Value> {
    let arguments = ["audit", "state", "--json", "--keys", "--partner", partner, "--at", at];
    let told = registry.terminal().run(&[&arguments[..], source].concat()).exited(0).stdout;
    told.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
}

/// Keys by their ids: which of several that came in one millisecond is first is no question of what they are.
fn by_id(mut keys: Vec<Value>) -> Vec<Value> {
    keys.sort_by_key(|key| key["keyId"].to_string());
    keys
}

fn keys_of(list: &Answer) -> Vec<Value> {
    by_id(list.json()["keys"].as_array().cloned().expect("keys"))
}

#[test]
fn what_a_client_saw_is_told_of_that_position_and_of_that_moment_ever_after() {
    let mut registry = Registry::start();
    let mut life = RandomLife::of(&registry, "travel", Ends::Later, Dice::thrown_for("time travel"));
    let mut seen = Vec::new();
    for _ in 0..COMMANDS {
        let position = life.step().position();
        let answers = life.look();
        assert!(answers.iter().all(|(_, answer)| answer.position() == position), "nobody else writes");
        seen.push(Seen { position, moment: from_now(Duration::ZERO), answers });
        // So that what comes next does not happen in the same millisecond.
        sleep(Duration::from_millis(2));
    }
    let operator = registry.operator();
    for Seen { position, moment, answers } in &seen {
        for at in [&position.to_string(), moment] {
            for (path, then) in answers {
                let told = operator.get(&with(path, at)).send().expecting(200);
                assert_eq!(told.json(), then.json(), "{path} at {at}");
                let tags = [&told, then].map(|answer| answer.headers.get("etag").cloned());
                assert_eq!(tags[0], tags[1], "{path} at {at}");
            }
        }
    }
    let partners = life.partners().to_vec();
    let sampled: Vec<_> = seen.iter().step_by(COMMANDS / 4).collect();
    let index = tempfile::tempdir().expect("a directory");
    let index = index.path().to_str().expect("a path");
    let compare = |registry: &Registry, source: &[&str]| {
        for Seen { position, moment, answers } in &sampled {
            for (partner, at) in [(&partners[0], &position.to_string()), (&partners[1], moment)] {
                let list = answers.iter().find(|(path, _)| path.contains(&format!("{partner}/keys?")));
                let told = by_id(listed(registry, source, partner, at));
                assert_eq!(told, keys_of(&list.expect("a list").1), "{partner} at {at}, {source:?}");
            }
        }
    };
    compare(&registry, &["--index", index]);
    let directory = registry.data_dir().to_str().expect("a path").to_owned();
    compare(&registry, &["--data-dir", &directory, "--no-index"]);
    registry.kill();
    compare(&registry, &["--data-dir", &directory]);
}

#[test]
fn a_running_registry_and_its_files_tell_one_state_with_one_digest() {
    let mut registry = Registry::start();
    let key = registry.create("acme", "first", &["client:read"]);
    let position = registry.create("other", "second", &["user:read"]).key["position"].to_string();
    registry.revoke(&key);
    let summary = |registry: &Registry, more: &[&str]| {
        let ran = registry.terminal().run(&[&["audit", "state", "--json"], more].concat()).exited(0);
        let mut told = ran.json();
        // Without a moment it is judged by the clock of now.
        told.as_object_mut().expect("an object").remove("time");
        told
    };
    let then = summary(&registry, &["--at", &position, "--no-index"]);
    let now = summary(&registry, &["--no-index"]);
    assert_eq!((&then["keys"]["active"], &now["keys"]["active"]), (&3.into(), &2.into()), "{then} {now}");
    assert_eq!((&now["keys"]["revoked"], &now["lastPosition"]), (&1.into(), &now["at"]), "{now}");
    assert_ne!(then["digest"], now["digest"]);
    assert_eq!(now["catalogue"]["scopes"].as_array().map(Vec::len), Some(12), "{now}");
    registry.kill();
    let directory = registry.data_dir().to_str().expect("a path").to_owned();
    assert_eq!(summary(&registry, &["--at", &position, "--data-dir", &directory]), then);
    assert_eq!(summary(&registry, &["--data-dir", &directory]), now);
    let shown = registry.terminal().run(&["audit", "state", "--data-dir", &directory]).exited(0).stdout;
    for words in ["acme", "other", "registry", "3: 2 active, 1 revoked, 0 expired", "12 scopes"] {
        assert!(shown.contains(words), "{words} is not in {shown}");
    }
}

#[test]
fn one_key_is_shown_as_it_was_and_what_is_no_past_is_refused_in_a_sentence() {
    let registry = crate::SHARED.get();
    let before = from_now(Duration::ZERO);
    sleep(Duration::from_millis(2));
    let key = registry.create("audit-one", "as created", &["client:read"]);
    registry.operator().patch(&key.path(), &serde_json::json!({ "name": "renamed" })).send().expecting(200);
    let audit = |at: &str, code| {
        let ran = registry.terminal().run(&["audit", "state", "--json", "--key", &key.id, "--at", at]);
        ran.exited(code)
    };
    assert_eq!(audit(&key.key["position"].to_string(), 0).json(), key.key);
    assert!(audit(&before, 1).error_line().contains("there was no key"));
    assert!(audit("2999-01-01T00:00:00Z", 1).error_line().contains("has not come yet"));
    assert!(audit("999999999", 1).error_line().contains("the log ends at"));
    assert!(audit("2026-03-01", 2).error_line().contains("T00:00:00Z"));
    let keys = |more: &[&str]| registry.terminal().run(&[&["keys"][..], more].concat()).exited(0).json();
    let position = key.key["position"].to_string();
    let which = ["--partner", "audit-one", "--at", &position, "--json"];
    assert_eq!(keys(&[&["show", "--key", &key.id][..], &which].concat()), key.key);
    assert_eq!(keys(&[&["list"][..], &which].concat())["keys"], serde_json::json!([key.key]));
}

#[test]
fn an_index_is_kept_beside_the_files_only_where_it_is_worth_it() {
    let mut registry = Registry::start();
    registry.create("acme", "a", &["client:read"]);
    registry.kill();
    let directory = registry.data_dir();
    let given = directory.to_str().expect("a path");
    registry.terminal().run(&["audit", "state", "--data-dir", given]).exited(0);
    let kept = |path: &Path| path.exists();
    assert!(!kept(&directory.join("audit-index")), "a short log is read as fast");
}
