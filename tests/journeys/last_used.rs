//! When a secret was last used: kept by the running registry in a table of its own, which nothing depends on.

use std::{fs, path::PathBuf};

use keyledger_domain::{Prefix, Timestamp};
use keyledger_tests::{Created, Registry};
use serde_json::json;

/// The file of a registry whose read models are files.
fn table(registry: &Registry) -> PathBuf {
    registry.data_dir().join("last-used.db")
}

/// What a stopped registry left.
fn left<const N: usize>(registry: &Registry, keys: [&Created; N]) -> [Option<Timestamp>; N] {
    let prefixes = keys.map(|key| Prefix::parse(&key.secret.as_bytes()[..8]).expect("a prefix"));
    let told = registry.last_used().last_used(&prefixes).expect("a table");
    told.try_into().expect("an answer for each")
}

#[test]
fn each_secret_of_an_overlap_has_a_time_that_outlives_the_process() {
    let mut registry = Registry::start();
    let [old, looked_at] = ["old", "looked at"].map(|name| registry.create("acme", name, &["client:read"]));
    let new = registry.regenerate(&old, 3_600);
    assert_eq!(registry.authorize(&old.secret, "scope=client:read").status, 200);
    assert_eq!(registry.authorize(&new.secret, "scope=client:write").status, 403);
    assert_eq!(registry.verify(&json!({ "key": looked_at.secret, "cost": 0 }))["code"], "VALID");
    assert_eq!(registry.stop().code(), Some(0));
    let [of_old, of_new, of_looked_at] = left(&registry, [&old, &new, &looked_at]);
    let of_old = of_old.expect("it was used");
    assert_eq!(of_old.millis() % 60_000, 0, "{of_old}");
    assert_eq!((of_new, of_looked_at), (None, None), "a refusal and a look are no uses");

    registry.restart();
    assert_eq!(registry.health(&new.secret).status, 200);
    registry.stop();
    let [then, of_new] = left(&registry, [&old, &new]);
    assert_eq!(then, Some(of_old), "a restart keeps it");
    assert!(of_new >= then);
}

#[test]
fn a_damaged_or_missing_table_is_made_anew_and_said() {
    let mut registry = Registry::with_models_in_files();
    assert!(!registry.stderr().contains("last uses"), "a new registry lacks nothing: {}", registry.stderr());
    let key = registry.create("acme", "billing", &["client:read"]);
    for (how, words) in
        [("damaged", "is damaged: it is made anew"), ("missing", "there is no table of last uses")]
    {
        registry.stop();
        match how {
            "damaged" => fs::write(table(&registry), "no database any more".repeat(1_000)),
            _ => fs::remove_file(table(&registry)),
        }
        .expect("the file can be changed");
        let before = registry.stderr().len();
        registry.restart();
        let said = registry.stderr()[before..].to_owned();
        assert!(said.contains(words), "{how}: {said}");
        assert_eq!(registry.health(&key.secret).status, 200);
        assert_eq!(registry.stop().code(), Some(0));
        assert!(left(&registry, [&key])[0].is_some(), "{how}");
        registry.restart();
    }
}
