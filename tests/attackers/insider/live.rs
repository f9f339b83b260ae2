//! Somebody who writes to the log while the registry runs.

use std::time::Duration;

use keyledger_tests::{Registry, eventually};
use rusqlite::Connection;

/// The log of a running registry, as whoever has the file can open it.
fn log_of(registry: &Registry) -> Connection {
    let log = Connection::open(registry.data_dir().join("log.db")).expect("the log is an SQLite database");
    log.busy_timeout(Duration::from_secs(5)).expect("a timeout can be set");
    log
}

#[test]
fn a_key_whose_events_were_taken_out_is_not_said_to_be_absent() {
    let registry = Registry::start();
    let key = registry.create("acme", "billing", &["client:read"]);
    // Another one behind it, so that the end of the log stays what it was.
    let _ = registry.create("acme", "reports", &["client:read"]);
    let deleted =
        log_of(&registry).execute("DELETE FROM events WHERE stream = ?", [format!("key-{}", key.id)]);
    assert_eq!(deleted.expect("the table can be written"), 1);
    let revoke =
        || registry.operator().post(&format!("{}/revoke", key.path()), &serde_json::json!({})).send();
    let answer = revoke();
    assert!(answer.status >= 500, "whoever wants to revoke it must not be sent away: {}", answer.text());
    eventually("the alarm", Duration::from_secs(10), || {
        registry.stderr().contains("the log lacks the events of a key that was read before")
    });
}

#[test]
fn an_end_that_is_cut_off_under_the_running_registry_lets_no_revocation_be_answered_in_vain() {
    let mut registry = Registry::start();
    let key = registry.create("acme", "billing", &["client:read"]);
    let last = registry.create("acme", "reports", &["client:read"]);
    let deleted =
        log_of(&registry).execute("DELETE FROM events WHERE stream = ?", [format!("key-{}", last.id)]);
    assert_eq!(deleted.expect("the table can be written"), 1);
    let revoked =
        registry.operator().post(&format!("{}/revoke", key.path()), &serde_json::json!({})).try_send();
    assert!(
        revoked.is_err() || revoked.is_ok_and(|answer| answer.status >= 500),
        "an answer of 200 would have been a promise that nobody keeps"
    );
    assert!(!registry.ended().success());
    let said = registry.stderr();
    assert!(said.contains("changed by somebody else under the running process"), "{said}");
}
