//! A restart from a snapshot: the same as from the log alone, only sooner.

use std::fs;

use keyledger_tests::{Created, Registry};
use serde_json::{Value, json};

struct Past {
    live: Created,
    overlapping: [Created; 2],
    revoked: Created,
    superseded: Created,
}

fn some_past(registry: &Registry) -> Past {
    let live = registry.create("acme", "live", &["client:read"]);
    let old = registry.create("acme", "overlapping", &["client:read"]);
    let overlapping = [registry.regenerate(&old, 3600), old];
    let revoked = registry.create("acme", "revoked", &["client:read"]);
    registry.revoke(&revoked);
    let superseded = registry.create("acme", "superseded", &["client:read"]);
    registry.regenerate(&superseded, 0);
    Past { live, overlapping, revoked, superseded }
}

fn verdicts(registry: &Registry, past: &Past) -> Vec<Value> {
    let Past { live, overlapping: [new, old], revoked, superseded } = past;
    let code = |key: &Created| registry.verify(&json!({ "key": key.secret, "cost": 0 }))["code"].clone();
    [live, new, old, revoked, superseded].map(code).to_vec()
}

fn lists(registry: &Registry) -> Value {
    registry.operator().get("/v1/partners/acme/keys").send().expecting(200).json()
}

fn snapshots(registry: &Registry) -> usize {
    let folder = registry.data_dir().join("snapshots");
    fs::read_dir(folder).map_or(0, |files| files.filter_map(Result::ok).count())
}

#[test]
fn a_stopped_registry_leaves_a_snapshot_and_starts_from_it_and_the_events_since() {
    let mut registry = Registry::start();
    let past = some_past(&registry);
    let (told, listed) = (verdicts(&registry, &past), lists(&registry));
    assert_eq!(told, ["VALID", "VALID", "VALID", "REVOKED", "SUPERSEDED"]);
    assert_eq!(registry.stop().code(), Some(0));
    assert!(snapshots(&registry) > 0, "a stop leaves a snapshot");

    registry.restart();
    assert_eq!((verdicts(&registry, &past), lists(&registry)), (told, listed));

    registry.revoke(&past.live);
    registry.kill();
    registry.restart();
    let told = verdicts(&registry, &past);
    assert_eq!(told, ["REVOKED", "VALID", "VALID", "REVOKED", "SUPERSEDED"], "what came after it counts too");
}

#[test]
fn without_snapshots_and_lists_everything_is_rebuilt_from_the_log() {
    let mut registry = Registry::start();
    let past = some_past(&registry);
    let (told, listed) = (verdicts(&registry, &past), lists(&registry));
    registry.stop();
    fs::remove_dir_all(registry.data_dir().join("snapshots")).expect("the snapshots can be removed");
    for file in ["read-models.db", "read-models.db-wal", "read-models.db-shm"] {
        // The last two are there only after a crash.
        let _ = fs::remove_file(registry.data_dir().join(file));
    }
    registry.restart();
    assert_eq!((verdicts(&registry, &past), lists(&registry)), (told, listed));
}

#[test]
fn a_broken_snapshot_is_ignored_loudly() {
    let mut registry = Registry::start();
    let past = some_past(&registry);
    let told = verdicts(&registry, &past);
    registry.stop();
    let folder = registry.data_dir().join("snapshots");
    for file in fs::read_dir(folder).expect("a folder of snapshots") {
        let path = file.expect("a file").path();
        let mut bytes = fs::read(&path).expect("a snapshot");
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
        fs::write(&path, bytes).expect("the snapshot can be written");
    }
    let before = registry.stderr().len();
    registry.restart();
    assert_eq!(verdicts(&registry, &past), told);
    let said = registry.stderr()[before..].to_owned();
    assert!(said.contains("snapshot"), "nothing was said of it: {said}");
}
