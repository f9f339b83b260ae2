//! `keyledger audit replay`: the read models beside what the log alone makes of them.

use std::path::Path;

use keyledger_tests::{Ran, Registry};
use rusqlite::Connection;
use serde_json::Value;

fn database(registry: &Registry, name: &str) -> Connection {
    Connection::open(registry.data_dir().join(name)).expect("the database")
}

/// What was told of each model, by its name.
fn told(ran: &Ran) -> Vec<(String, Value)> {
    let answer = ran.json();
    let models = answer["projections"].as_array().expect("models").clone();
    models.iter().map(|it| (it["name"].as_str().expect("a name").to_owned(), it["same"].clone())).collect()
}

fn of_files(registry: &Registry) -> Vec<String> {
    vec!["--data-dir".to_owned(), path(&registry.data_dir())]
}

fn path(path: &Path) -> String {
    path.to_str().expect("a path").to_owned()
}

fn replay(registry: &Registry, more: &[String], status: i32) -> Ran {
    let more: Vec<&str> = more.iter().map(String::as_str).collect();
    registry.terminal().run(&[&["audit", "replay", "--json"][..], &more].concat()).exited(status)
}

/// A registry in which something of each kind has happened.
fn lived() -> Registry {
    let registry = Registry::with_models_in_files();
    let kept = registry.create("acme", "kept", &["client:read"]);
    registry.regenerate(&kept, 600);
    let gone = registry.create("acme", "gone", &["user:write"]);
    registry.revoke(&gone);
    registry.create("other", "third", &["client:read", "client:write"]);
    registry
}

#[test]
fn what_runs_and_what_lies_in_its_files_is_what_the_log_says() {
    let mut registry = lived();
    let same = [("key_index".to_owned(), Value::Bool(true)), ("partner_keys".to_owned(), Value::Bool(true))];
    assert_eq!(told(&replay(&registry, &[], 0)), same);
    assert!(registry.stop().success());
    assert_eq!(told(&replay(&registry, &of_files(&registry), 0)), same);
}

#[test]
fn a_list_that_lies_is_told_by_key_and_field_while_it_runs_and_from_its_files() {
    let mut registry = lived();
    let key = registry.create("acme", "widened", &["client:read"]);
    let scopes = r#"["client:read","client:write"]"#;
    let edited = database(&registry, "read-models.db")
        .execute("UPDATE partner_keys SET scopes = ?1 WHERE key_id = ?2", (scopes, &key.id))
        .expect("edited");
    assert_eq!(edited, 1);
    let check = |ran: &Ran| {
        let answer = ran.json();
        assert_eq!(answer["differing"], 1, "{answer}");
        let difference = &answer["differences"][0];
        assert_eq!(difference["projection"], "partner_keys");
        assert_eq!((&difference["of"], &difference["field"]), (&key.id.clone().into(), &"scopes".into()));
        assert_eq!(difference["log"], serde_json::json!(["client:read"]));
        assert_eq!(difference["found"], serde_json::json!(["client:read", "client:write"]));
    };
    check(&replay(&registry, &[], 1));
    let people = registry.terminal().run(&["audit", "replay"]).exited(1);
    assert!(people.stdout.contains(&key.id) && people.stdout.contains("scopes"), "{}", people.stdout);
    assert!(registry.stop().success());
    check(&replay(&registry, &of_files(&registry), 1));
}

#[test]
fn a_row_that_was_taken_out_is_missing_and_a_table_beside_the_keys_is_compared_too() {
    let mut registry = lived();
    let key = registry.create("acme", "hidden", &["client:read"]);
    assert!(registry.stop().success());
    let db = database(&registry, "read-models.db");
    let partners = db.execute("UPDATE partners SET unrevoked = unrevoked + 1", ()).expect("edited");
    assert!(partners > 0);
    let answer = replay(&registry, &of_files(&registry), 1).json();
    assert_eq!(answer["differing"], 1, "{answer}");
    db.execute("DELETE FROM partner_keys WHERE key_id = ?1", [&key.id]).expect("taken out");
    let answer = replay(&registry, &of_files(&registry), 1).json();
    assert_eq!(answer["differences"][0]["of"], key.id.as_str(), "{answer}");
    assert_eq!(answer["differences"][0]["found"], Value::Null);
}

#[test]
fn an_index_that_recognises_a_secret_which_the_log_does_not_is_told() {
    let mut registry = lived();
    let key = registry.create("acme", "purged", &["client:read"]);
    assert!(registry.stop().success());
    let stream = format!("key-{}", key.id);
    let log = database(&registry, "log.db");
    // As if it had been purged, which is for dead secrets alone.
    let purged = log.execute("UPDATE events SET private = x'' WHERE stream = ?1", [&stream]).expect("purged");
    assert_eq!(purged, 1);
    let answer = replay(&registry, &of_files(&registry), 1).json();
    assert_eq!(answer["differing"], 1, "{answer}");
    let difference = &answer["differences"][0];
    assert_eq!((&difference["projection"], &difference["of"]), (&"key_index".into(), &key.id.clone().into()));
    assert!(difference["field"].as_str().expect("a field").contains(&key.prefix), "{difference}");
}

#[test]
fn a_log_that_ends_before_its_read_models_is_said_to_have_been_cut_off() {
    let mut registry = lived();
    assert!(registry.stop().success());
    let log = database(&registry, "log.db");
    log.execute("DELETE FROM events WHERE position = (SELECT max(position) FROM events)", ())
        .expect("cut off");
    let refused = replay(&registry, &of_files(&registry), 1);
    assert!(refused.error_line().contains("its end was cut off"), "{}", refused.stderr);
}
