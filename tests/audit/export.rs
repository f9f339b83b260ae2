//! `keyledger audit export`: every event, complete and checkable.

use std::{fs, path::Path};

use keyledger_tests::Registry;
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use crate::SHARED;

/// Exports, and tells what the command said.
fn export(registry: &Registry, to: &Path, more: &[&str]) -> Value {
    let to = to.to_str().expect("a path");
    let arguments = [&["audit", "export", "--json", "--to", to], more].concat();
    serde_json::from_str(&registry.terminal().run(&arguments).exited(0).stdout).expect("JSON")
}

#[test]
fn a_running_registry_and_its_files_export_the_same_bytes_which_are_those_of_the_api() {
    let mut registry = Registry::start();
    let key = registry.create("acme", "exported", &["client:read"]);
    registry.revoke(&key);
    let folder = tempfile::tempdir().expect("a directory");
    let [running, stopped] = ["running", "stopped"].map(|name| folder.path().join(name));
    let told = export(&registry, &running, &[]);
    let of_api = registry.operator().get("/v1/events").send().expecting(200).text();
    registry.kill();
    let directory = registry.data_dir().to_str().expect("a path").to_owned();
    assert_eq!(export(&registry, &stopped, &["--data-dir", &directory]), told);

    let written = fs::read_to_string(&running).expect("written");
    assert_eq!(written, of_api);
    assert_eq!(fs::read_to_string(&stopped).expect("written"), written);
    assert_eq!(told["events"], written.lines().count());
    assert_eq!(told["sha256"], hex::encode(Sha256::digest(&written)));
}

#[test]
fn a_table_holds_the_same_events_and_what_a_client_wrote_is_no_formula_in_it() {
    let registry = SHARED.get();
    let body = serde_json::json!({"name": "a \"quoted\", name", "scopes": ["client:read"]});
    let call = registry.operator().post("/v1/partners/audit-table/keys", &body);
    let created = call.header("x-request-id", "=cmd()").send().expecting(201);
    let folder = tempfile::tempdir().expect("a directory");
    let [lines, table] = ["lines", "table"].map(|name| folder.path().join(name));
    let head = created.position().to_string();
    export(&registry, &lines, &["--up-to", &head]);
    export(&registry, &table, &["--up-to", &head, "--format", "csv"]);
    let script = "import csv, json, sys\n\
                  rows = list(csv.DictReader(open(sys.argv[1], newline='')))\n\
                  lines = [json.loads(line) for line in open(sys.argv[2])]\n\
                  assert [int(row['position']) for row in rows] == [line['position'] for line in lines]\n\
                  for row, line in zip(rows, lines):\n\
                  \x20   event = json.loads(row['event'])\n\
                  \x20   assert event == line['event'] and json.loads(row['data']) == event['data']\n\
                  \x20   assert row['id'] == event['id'] and row['type'] == event['type']\n\
                  \x20   assert not any(cell.startswith(('=', '+', '-', '@')) for cell in row.values())\n\
                  assert any(json.loads(row['data']).get('name') == 'a \"quoted\", name' for row in rows)";
    let checked =
        std::process::Command::new("python3").arg("-c").arg(script).arg(&table).arg(&lines).output();
    let checked = checked.expect("python3 can be started");
    assert!(checked.status.success(), "{}", String::from_utf8_lossy(&checked.stderr));
}

#[test]
fn an_export_writes_over_nothing() {
    let file = tempfile::NamedTempFile::new().expect("a file");
    let to = file.path().to_str().expect("a path");
    let refused = SHARED.get().terminal().run(&["audit", "export", "--to", to]).exited(1);
    assert!(refused.error_line().contains("is there already"), "{}", refused.stderr);
}

#[test]
fn an_auditors_key_exports_and_a_partners_does_not() {
    let registry = SHARED.get();
    let auditor = registry.create("registry", "auditor", &["registryEvents:read"]);
    let partner = registry.create("audit-own", "own", &["registryKeys:read"]);
    let folder = tempfile::tempdir().expect("a directory");
    for (key, status) in [(&auditor, 0), (&partner, 1)] {
        let file = folder.path().join(format!("key-{status}"));
        fs::write(&file, &key.secret).expect("written");
        let file = file.to_str().expect("a path");
        registry.terminal().run(&["audit", "export", "--key-file", file]).exited(status);
    }
}
