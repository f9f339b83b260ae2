//! A disk that fails to make something durable: the process says so and ends, and never asks it again, because a second
//! fsync would report success over what the first one lost.

use std::fs;
use std::path::{Path, PathBuf};

use keyledger_tests::{Launch, Registry, shim};
use serde_json::json;

/// The disk that fails while a file is there, in which it then names what it failed for: the same as in the tests of the
/// log alone.
const SOURCE: &str =
    concat!(env!("CARGO_MANIFEST_DIR"), "/../crates/event-log-sqlite/tests/failing_disk/sync.c");

/// The variables of a process whose disk fails while `failing` is there.
fn variables(failing: &Path) -> [(&'static str, String); 2] {
    let failing = failing.to_str().expect("a path that is text").to_owned();
    [("LD_PRELOAD", shim(Path::new(SOURCE))), ("FAILING_DISK", failing)]
}

/// How often the disk failed for each file, by the names.
fn failures(failing: &Path) -> Vec<String> {
    let text = fs::read_to_string(failing).expect("what the disk failed for");
    text.lines().map(|path| path.rsplit('/').next().unwrap_or(path).to_owned()).collect()
}

#[test]
fn a_failed_fsync_ends_the_process_with_the_reason_and_is_never_tried_again() {
    let beside = tempfile::tempdir().expect("a directory");
    let failing: PathBuf = beside.path().join("failing");
    let set = variables(&failing);
    let set = set.each_ref().map(|(name, value)| (*name, value.as_str()));
    let mut registry = Registry::with(&set);
    let key = registry.create("acme", "billing", &["client:read"]);

    fs::write(&failing, "").expect("the disk fails from now on");
    let body = json!({ "name": "unknown", "scopes": ["client:read"] });
    let ask = || registry.operator().post("/v1/partners/acme/keys", &body).header("idempotency-key", "once");
    // Whoever waited is told that the outcome is unknown, or sees the connection end; never that it is done.
    if let Ok(answer) = ask().try_send() {
        assert_eq!(answer.status, 503, "{}", answer.text());
    }
    let status = registry.ended();
    assert_eq!(status.code(), Some(1), "{status}: {}", registry.stderr());
    let said = registry.stderr();
    assert!(said.contains("the log failed and takes no more events, so the process ends"), "{said}");
    assert!(said.contains("disk I/O error") && said.contains("mend the cause, then start again"), "{said}");
    let failed_for = failures(&failing);
    let of_log = failed_for.iter().filter(|name| name.starts_with("log.db")).count();
    assert_eq!(of_log, 1, "the log asked the disk again: {failed_for:?}");

    fs::remove_file(&failing).expect("the disk is exchanged");
    registry.restart();
    assert_eq!(registry.health(&key.secret).status, 200, "what was acknowledged is there");
    let ask = || registry.operator().post("/v1/partners/acme/keys", &body).header("idempotency-key", "once");
    let id = ask().send().expecting(201).json()["key"]["keyId"].clone();
    assert_eq!(ask().send().expecting(201).json()["key"]["keyId"], id);
    let keys = registry.operator().get("/v1/partners/acme/keys").send().expecting(200).json();
    assert_eq!(
        keys["keys"].as_array().map(Vec::len),
        Some(2),
        "found out, or recorded now, but once: {keys}"
    );
}

#[test]
fn a_start_on_a_disk_that_fails_is_refused_with_the_reason() {
    let mut registry = Registry::start();
    let key = registry.create("acme", "billing", &["client:read"]);
    // Killed, it leaves a write-ahead log, and what that holds may be in the page cache alone.
    registry.kill();
    let beside = tempfile::tempdir().expect("a directory");
    let failing = beside.path().join("failing");
    fs::write(&failing, "").expect("the disk fails");
    let set = variables(&failing);
    let set = set.each_ref().map(|(name, value)| (*name, value.as_str()));
    let mut launch = Launch::on(registry.home(), &set);
    launch.expect_refusal(&["the event log", "disk I/O error", "mend the cause, and start again"]);
    assert_eq!(failures(&failing).iter().filter(|name| name.starts_with("log.db")).count(), 1);
    drop(launch);
    registry.restart();
    assert_eq!(registry.health(&key.secret).status, 200);
}
