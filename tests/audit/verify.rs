//! `keyledger audit verify` on a registry that runs, and over restores.

use std::fs;

use keyledger_tests::{Client, Registry, Terminal};

use crate::SHARED;

fn verify(terminal: &Terminal, more: &[&str]) -> keyledger_tests::Ran {
    terminal.run(&[&["audit", "verify", "--json"], more].concat())
}

#[test]
fn an_auditor_verifies_a_registry_that_runs_again_and_again_from_the_checkpoint_that_was_kept() {
    let registry = Registry::start();
    let auditor = registry.create("registry", "auditor", &["registryEvents:read"]);
    let folder = tempfile::tempdir().expect("a directory");
    let [kept, key_file] =
        ["kept", "key"].map(|name| folder.path().join(name).to_str().expect("a path").to_owned());
    fs::write(&key_file, &auditor.secret).expect("written");
    let _ = registry.signed();
    let key = registry.terminal().run(&["audit", "verifier-key", "--key-file", &key_file]).exited(0).stdout;
    let as_auditor = ["--key-file", &key_file, "--verifier-key", key.trim(), "--save", &kept];
    let first = verify(&registry.terminal(), &as_auditor).exited(0).json();
    assert_eq!((&first["key"], &first["codesChecked"]), (&"given".into(), &false.into()));
    for number in 0..20 {
        let key = registry.create("acme", &format!("later {number}"), &["client:read"]);
        registry.revoke(&key);
    }
    let _ = registry.signed();
    let with_kept = [&as_auditor[..], &["--checkpoint", &kept]].concat();
    let second = verify(&registry.terminal(), &with_kept).exited(0).json();
    assert_eq!(second["saved"], first["checkpoint"]);
    assert!(second["checkpoint"]["size"].as_u64() >= Some(40), "{second}");
    let saved = fs::read_to_string(&kept).expect("a checkpoint");
    assert!(saved.contains(second["checkpoint"]["root"].as_str().expect("a root")));

    let told = registry.terminal().run(&["audit", "verify"]).exited(0);
    assert!(told.stdout.starts_with("Read ") && told.stderr.contains("keep one with --save"), "{told:?}");
}

#[test]
fn the_checkpoint_of_another_log_and_another_key_are_no_evidence() {
    let (registry, other) = (SHARED.get(), Registry::start());
    let _ = registry.signed();
    let file = tempfile::NamedTempFile::new().expect("a file");
    fs::write(file.path(), other.signed()).expect("written");
    let path = file.path().to_str().expect("a path");
    let refused = verify(&registry.terminal(), &["--checkpoint", path]).exited(1);
    assert_eq!(refused.json()["findings"][0]["kind"], "saved-forged", "{}", refused.stdout);
    let key = other.terminal().run(&["audit", "verifier-key"]).exited(0).stdout;
    let refused = verify(&registry.terminal(), &["--verifier-key", key.trim()]).exited(1);
    assert_eq!(refused.json()["findings"][0]["kind"], "checkpoint-forged", "{}", refused.stdout);
    registry.terminal().run(&["audit", "verify", "--verifier-key", "no key"]).exited(2);
    registry.terminal().run(&["audit", "verify", "--checkpoint", "/no/such/file"]).exited(1);
}

#[test]
fn a_partners_key_reads_no_entries_and_everybody_reads_hashes() {
    let registry = SHARED.get();
    let _ = registry.signed();
    let nobody = Client::new(&registry.addresses().command, None);
    let checkpoint = nobody.get("/v1/transparency/checkpoint").send().expecting(200);
    assert_eq!(checkpoint.header("content-type"), "text/plain; charset=utf-8");
    assert_eq!(checkpoint.header("cache-control"), "public, max-age=1");
    let tile = nobody.get("/v1/transparency/tile/0/000.p/2").send().expecting(200);
    assert_eq!(tile.header("content-type"), "application/octet-stream");
    assert_eq!(tile.header("cache-control"), "public, max-age=31536000, immutable");
    assert_eq!(tile.header("content-length"), "64");
    for missing in [
        "tile/0/999",
        "tile/5/000",
        "tile/99/000",
        "tile/0/000.p/0",
        "tile/0/000.p/256",
        "tile/0/..%2f..%2fcheckpoint",
    ] {
        nobody.get(&format!("/v1/transparency/{missing}")).send().problem(404, "not-found");
    }
    for outside in [
        "tile/entries/../../../../signer-key",
        "tile/0/../../../signer-key",
        "tile/0/%2e%2e/%2e%2e/signer-key",
    ] {
        let answer = nobody.get(&format!("/v1/transparency/{outside}")).send();
        assert!([401, 404].contains(&answer.status), "{outside}: {}", answer.status);
    }
    let entries = "/v1/transparency/tile/entries/000.p/2";
    nobody.get(entries).send().problem(401, "no-identity");
    let partner = registry.create("audit-tiles", "own", &["registryKeys:read"]);
    registry.management(&partner.secret).get(entries).send().problem(403, "forbidden");
    let read = registry.operator().get(entries).send().expecting(200);
    assert_eq!(read.header("cache-control"), "no-store");
    nobody.call("POST", "/v1/transparency/checkpoint").send().problem(405, "method-not-allowed");
}

#[test]
fn after_a_restore_a_new_tree_begins_and_an_old_checkpoint_tells_whether_events_were_left_out() {
    let mut registry = Registry::start();
    for number in 0..3 {
        let _ = registry.create("acme", &format!("before {number}"), &["client:read"]);
    }
    let before = registry.signed();
    let backup = registry.home().join("backup");
    let backup = backup.to_str().expect("a path");
    registry.terminal().run(&["backup", "--to", backup]).exited(0);
    let _ = registry.create("acme", "after the backup", &["client:read"]);
    let after = registry.signed();
    let beyond = "the restore to epoch 2 left some out";
    assert!(registry.stop().success());
    for file in
        ["log.db", "log.db-wal", "log.db-shm", "read-models.db", "read-models.db-wal", "read-models.db-shm"]
    {
        let _ = fs::remove_file(registry.data_dir().join(file));
    }
    let _ = fs::remove_dir_all(registry.data_dir().join("snapshots"));
    registry.terminal().run(&["restore", "--from", backup, "--without-revocations"]).exited(0);
    registry.restart();
    let now = registry.signed();
    assert!(now.lines().next().expect("an origin").ends_with("/2"), "{now}");
    let kept = registry.home().join("kept");
    let kept_path = kept.to_str().expect("a path").to_owned();
    fs::write(&kept, before).expect("written");
    verify(&registry.terminal(), &["--checkpoint", &kept_path]).exited(0);
    fs::write(&kept, after).expect("written");
    for kind in ["saved-beyond", "rewritten"] {
        let refused = verify(&registry.terminal(), &["--checkpoint", &kept_path]).exited(1).json();
        let finding = &refused["findings"][0];
        assert_eq!(finding["kind"], kind, "{refused}");
        let says = finding["says"].as_str().expect("a sentence");
        assert!(says.contains("of epoch 1") && says.contains(beyond), "{says}");
        // From here on the log is as long as it was, with other events.
        let _ = registry.create("acme", "instead of it", &["client:read"]);
        let _ = registry.signed();
    }
    let old = registry.data_dir().join("transparency/epoch-1/checkpoint");
    assert!(old.exists(), "the tree of the earlier life is kept");
}
