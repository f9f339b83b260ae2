//! Read models and snapshots, which are made from the log and believed by nobody who judges a key.

use std::fs;

use keyledger_tests::{Client, unknown_secret};
use serde_json::json;

use super::scene::{Models, Scene, is_not_valid};

#[test]
fn a_row_planted_in_the_read_models_makes_no_key_valid() {
    let scene = Scene::new();
    let (copy, secret) = (scene.copy(Models::Intact), unknown_secret());
    let models = copy.read_models();
    let id = "00000000-0000-7000-8000-000000000000";
    let mut columns: Vec<String> = models
        .prepare("SELECT name FROM pragma_table_info('partner_keys')")
        .and_then(|mut columns| columns.query_map([], |row| row.get(0))?.collect())
        .expect("the columns of the table");
    columns.retain(|column| column != "key_id" && column != "prefix");
    let columns = columns.join(", ");
    let copied = models.execute(
        &format!(
            "INSERT INTO partner_keys (key_id, prefix, {columns})
             SELECT ?, ?, {columns} FROM partner_keys WHERE key_id = ?"
        ),
        (id, &secret[..8], &scene.narrowed.id),
    );
    assert_eq!(copied.expect("the table can be written"), 1);
    let named = models.execute("INSERT INTO prefixes VALUES (?, ?, 1)", (&secret[..8], id));
    assert_eq!(named.expect("the table can be written"), 1);
    let launch = scene.starts_nevertheless(&copy);
    is_not_valid(&launch, &secret);
}

#[test]
fn a_revocation_wiped_from_the_read_models_makes_no_key_valid() {
    let scene = Scene::new();
    let copy = scene.copy(Models::Intact);
    let wiped = copy.read_models().execute(
        "UPDATE partner_keys SET revoked_at = NULL, revoked_by = NULL, revocation_reason = NULL, revision = 0",
        [],
    );
    assert!(wiped.expect("the table can be written") > 3);
    // The lists may be wrong until they are rebuilt; verdicts are not made from them.
    let launch = scene.starts_nevertheless(&copy);
    is_not_valid(&launch, &scene.revoked.secret);
}

#[test]
fn an_altered_snapshot_is_ignored_loudly() {
    let scene = Scene::new();
    let copy = scene.copy(Models::Intact);
    for path in copy.snapshots() {
        let mut bytes = fs::read(&path).expect("a snapshot");
        // The partner of a key, which stands in it as text.
        let at = bytes.windows(4).position(|window| window == b"acme").expect("a partner");
        bytes[at..at + 4].copy_from_slice(b"evil");
        fs::write(&path, bytes).expect("the snapshot can be written");
    }
    let launch = scene.starts_nevertheless(&copy);
    assert!(launch.said().contains("is ignored"), "{}", launch.said());
    let validator = Client::new(&launch.addresses().validator, None);
    let verdict = validator.post("/v1/verify", &json!({ "key": scene.narrowed.secret })).send().json();
    assert_eq!((&verdict["partnerId"], &verdict["code"]), (&json!("acme"), &json!("VALID")));
}

#[test]
fn the_snapshot_of_another_registry_is_ignored_loudly() {
    let (scene, other) = (Scene::new(), Scene::new());
    let (copy, foreign) = (scene.copy(Models::Intact), other.copy(Models::Intact));
    for path in copy.snapshots() {
        fs::remove_file(path).expect("a snapshot can be removed");
    }
    for path in foreign.snapshots() {
        let name = path.file_name().expect("a name");
        fs::copy(&path, copy.data_dir().join("snapshots").join(name)).expect("a snapshot can be planted");
    }
    let launch = scene.starts_nevertheless(&copy);
    assert!(launch.said().contains("is ignored"), "{}", launch.said());
    is_not_valid(&launch, &other.narrowed.secret);
}

#[test]
fn an_older_snapshot_forgets_no_revocation() {
    let scene = Scene::new();
    let copy = scene.copy(Models::Intact);
    let kept: Vec<_> = copy.snapshots().into_iter().map(|path| (fs::read(&path), path)).collect();
    let mut launch = scene.starts_nevertheless(&copy);
    let operator = fs::read_to_string(copy.data_dir().join("operator-key")).expect("the operator key");
    let command = Client::new(&launch.addresses().command, Some(operator.trim()));
    command.post(&scene.narrowed.at("revoke"), &json!({})).send().expecting(200);
    assert!(launch.terminate().success(), "{}", launch.said());
    for (bytes, path) in kept {
        fs::write(path, bytes.expect("a snapshot")).expect("the snapshot can be written");
    }
    let launch = scene.starts_nevertheless(&copy);
    is_not_valid(&launch, &scene.narrowed.secret);
}
