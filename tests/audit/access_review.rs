//! The report that reviews of access ask for.

use std::process::Command;

use keyledger_tests::{Registry, from_now};
use serde_json::{Value, json};

fn review(registry: &Registry, more: &[&str]) -> Value {
    registry.terminal().run(&[&["audit", "access-review", "--json"], more].concat()).exited(0).json()
}

fn key<'a>(review: &'a Value, id: &str) -> &'a Value {
    let keys = review["keys"].as_array().expect("keys");
    keys.iter().find(|key| key["keyId"] == id).unwrap_or_else(|| panic!("no {id} in {review}"))
}

#[test]
fn every_key_is_listed_with_its_rights_age_rotation_use_and_creator() {
    let mut registry = Registry::with_models_in_files();
    let [used, idle, gone] =
        ["used", "idle", "gone"].map(|name| registry.create("acme", name, &["client:read", "user:read"]));
    let renewed = registry.regenerate(&used, 600);
    let before = registry.operator().get("/v1/log").send().position().to_string();
    registry.revoke(&gone);
    assert_eq!(registry.health(&used.secret).status, 200, "with the old secret, in its overlap");
    let remote = review(&registry, &["--no-index", "--partner", "acme"]);
    assert_eq!(remote["keys"].as_array().map(Vec::len), Some(3));
    for id in [&used.id, &idle.id] {
        let told = key(&remote, id);
        assert_eq!((&told["lastUse"], &told["lastUsedAt"]), (&json!("NOT_KNOWN"), &Value::Null));
    }
    registry.stop();
    let directory = registry.data_dir().to_str().expect("a path").to_owned();
    let files = ["--data-dir", &directory];
    let told = review(&registry, &files);
    let of_used = key(&told, &used.id);
    assert_eq!(of_used["lastUse"], "RECORDED", "{of_used}");
    assert!(
        of_used["lastUsedAt"].as_str().is_some_and(|at| at <= from_now(std::time::Duration::ZERO).as_str())
    );
    assert_eq!(of_used["rotatedAt"], renewed.key["regeneratedAt"]);
    assert_eq!((&of_used["ageDays"], &of_used["secretAgeDays"]), (&json!(0), &json!(0)));
    assert_eq!(of_used["scopes"], json!(["client:read", "user:read"]));
    let creator = used.key["createdBy"]["id"].as_str().expect("an id");
    assert_eq!(of_used["createdBy"], format!("key:{creator}"));
    assert_eq!(key(&told, &idle.id)["lastUse"], "NONE_RECORDED");
    assert_eq!(key(&told, &gone.id)["status"], "REVOKED");
    let then = review(&registry, &[&files[..], &["--at", &before]].concat());
    assert_eq!(key(&then, &gone.id)["status"], "ACTIVE");
    let people = registry.terminal();
    let shown = people.run(&[&["audit", "access-review", "--at", &before], &files[..]].concat()).exited(0);
    assert!(shown.stdout.contains("none recorded") && shown.stdout.contains("LAST USE"), "{}", shown.stdout);
    assert!(shown.stderr.contains("as it is known now"), "{}", shown.stderr);
}

#[test]
fn a_table_for_spreadsheets_holds_no_formula_and_is_read_back_as_it_was() {
    let registry = crate::SHARED.get();
    let name = "=HYPERLINK(\"http://evil\"), \"quoted\"";
    let body = json!({ "name": name, "scopes": ["client:read"] });
    let created = registry.create_from("audit-review", &body);
    let folder = tempfile::tempdir().expect("a directory");
    let table = folder.path().join("review.csv");
    let path = table.to_str().expect("a path");
    let arguments = [
        "audit",
        "access-review",
        "--no-index",
        "--partner",
        "audit-review",
        "--format",
        "csv",
        "--to",
        path,
    ];
    let ran = registry.terminal().run(&arguments).exited(0);
    assert!(ran.stderr.contains("is not known"), "what nobody tells is not said to be never: {}", ran.stderr);
    let script = "import csv, json, sys\n\
                  rows = list(csv.DictReader(open(sys.argv[1], newline='')))\n\
                  assert len(rows) == 1, rows\n\
                  row = rows[0]\n\
                  assert row['name'] == \"'\" + sys.argv[2], row\n\
                  assert row['key'] == sys.argv[3] and row['status'] == 'ACTIVE', row\n\
                  assert row['last use'] == 'not known' and row['last use is'] == 'NOT_KNOWN', row\n\
                  assert row['last rotation'] == 'never' and row['age (days)'] == '0', row";
    let checked = Command::new("python3").args(["-c", script, path, name, &created.id]).output();
    let checked = checked.expect("python3 can be started");
    assert!(checked.status.success(), "{}", String::from_utf8_lossy(&checked.stderr));
    let again = registry.terminal().run(&arguments).exited(1);
    assert!(again.error_line().contains("is there already"), "{}", again.stderr);
}
