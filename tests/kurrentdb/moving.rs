//! A log moves to KurrentDB and away from it: by a backup and a restore, which begin a new life, since positions are others.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::thread;
use std::time::Duration;

use keyledger_event_log::contract::{append, identity};
use keyledger_event_log::{Append, Claim, EventLog, Position};
use keyledger_event_log_kurrentdb::{KurrentLog, OpenError};
use keyledger_tests::{Created, Dice, Registry};
use keyledger_tests_kurrentdb_stand_in::StandIn;
use serde_json::{Value, json};
use tokio::runtime::Runtime;

use crate::{start, url};

fn server() -> (Runtime, StandIn) {
    let runtime = Runtime::new().expect("a runtime");
    let server = runtime.block_on(crate::start());
    (runtime, server)
}

fn on(url: &str) -> [(&str, &str); 2] {
    [("KEYLEDGER_LOG__STORE", "kurrentdb"), ("KEYLEDGER_LOG__URL", url)]
}

fn text(path: &Path) -> &str {
    path.to_str().expect("a path")
}

/// Every event as it was recorded, without its position.
fn history(registry: &Registry) -> Vec<Value> {
    let events = registry.operator().get("/v1/events").send().expecting(200).lines();
    events.into_iter().map(|line| line["event"].clone()).collect()
}

fn once(registry: &Registry) -> Value {
    let body = json!({ "name": "once", "scopes": ["client:read"] });
    let asked = registry.operator().post("/v1/partners/acme/keys", &body).header("idempotency-key", "one");
    asked.send().expecting(201).json()["key"]["keyId"].clone()
}

/// A registry with a kept key, a revoked one, and one that is revoked only after the backup was made.
struct Moving {
    registry: Registry,
    backup: PathBuf,
    kept: Created,
    revoked: Created,
    leaked: Created,
    once: Value,
}

impl Moving {
    fn from(registry: Registry) -> Self {
        let create = |name: &str| registry.create("acme", name, &["client:read"]);
        let [kept, revoked, leaked] = ["kept", "revoked", "leaked"].map(create);
        registry.revoke(&revoked);
        let once = once(&registry);
        let backup = registry.home().join("backup");
        Self { backup, kept, revoked, leaked, once, registry }
    }

    /// Makes a backup, or brings it up to date.
    fn back_up(&self) -> Value {
        self.registry.terminal().run(&["backup", "--json", "--to", text(&self.backup)]).exited(0).json()
    }

    /// Puts the files of the log and of its readers away, and leaves what an operator keeps elsewhere.
    fn put_away(&self, name: &str) {
        let (data, away) = (self.registry.data_dir(), self.registry.home().join(name));
        fs::rename(&data, &away).expect("put away");
        fs::create_dir(&data).expect("a directory");
        for file in ["keyring", "operator-key"] {
            fs::copy(away.join(file), data.join(file)).expect("a copy, as private as it was");
        }
    }

    /// What must be so wherever the log is.
    fn check(&self) {
        let status = |key: &Created| self.registry.health(&key.secret).status;
        assert_eq!([&self.kept, &self.revoked, &self.leaked].map(status), [200, 403, 403]);
        assert_eq!(once(&self.registry), self.once, "an idempotency key of before is known");
    }
}

#[test]
fn a_registry_moves_to_kurrentdb_and_back_with_all_its_keys_and_nothing_revoked_works_again() {
    let (_runtime, server) = server();
    let there = server.url();
    let mut moving = Moving::from(Registry::start());
    moving.back_up();
    moving.registry.revoke(&moving.leaked);
    let export = moving.registry.terminal().run(&["events", "--json"]).exited(0).stdout;
    fs::write(moving.registry.home().join("events.ndjson"), export).expect("a file");
    moving.registry.stop();
    moving.put_away("on a file");
    let terminal = on(&there)
        .iter()
        .fold(moving.registry.terminal(), |terminal, (name, value)| terminal.set(name, value));
    let restore =
        ["restore", "--json", "--from", text(&moving.backup), "--revocations-from", "events.ndjson"];
    let told = terminal.run(&restore).exited(0).json();
    assert_eq!(
        (&told["epoch"], &told["again"]["revoked"][0]["keyId"]),
        (&json!(2), &json!(moving.leaked.id))
    );
    moving.registry.restart_with(&on(&there));
    moving.check();

    // And back, with what has happened there.
    let new = moving.registry.create("acme", "made there", &["client:read"]);
    fs::remove_dir_all(&moving.backup).expect("the earlier backup");
    let told = terminal.run(&["backup", "--json", "--to", text(&moving.backup)]).exited(0).json();
    let before = history(&moving.registry);
    assert_eq!(told["position"], before.len(), "{told}");
    assert!(told["positionInLog"].as_u64() > told["position"].as_u64(), "{told}");
    moving.registry.stop();
    moving.put_away("on kurrentdb");
    let restore = ["restore", "--json", "--from", text(&moving.backup), "--without-revocations"];
    let told = moving.registry.terminal().run(&restore).exited(0).json();
    assert_eq!(told["epoch"], 3, "{told}");
    moving.registry.restart_with(&[]);
    assert_eq!(history(&moving.registry), before, "byte for byte");
    moving.check();
    assert_eq!(moving.registry.health(&new.secret).status, 200);
}

#[test]
fn a_restore_to_kurrentdb_that_is_killed_can_be_served_from_by_nobody_and_is_gone_on_with() {
    let (runtime, server) = server();
    let there = server.url();
    let mut moving = Moving::from(Registry::start());
    moving.registry.revoke(&moving.leaked);
    for number in 0..60 {
        moving.registry.create("acme", &format!("more {number}"), &["client:read"]);
    }
    let before = history(&moving.registry);
    moving.back_up();
    moving.registry.stop();
    moving.put_away("on a file");
    let terminal = on(&there)
        .iter()
        .fold(moving.registry.terminal(), |terminal, (name, value)| terminal.set(name, value));
    let restore = ["restore", "--json", "--from", text(&moving.backup), "--without-revocations"];
    let mut dice = Dice::thrown_for("killed restores to KurrentDB");
    let mut cut_off = 0;
    for _ in 0..12 {
        let mut child = terminal.command().args(restore).stdout(Stdio::null()).spawn().expect("it starts");
        thread::sleep(Duration::from_millis(dice.below(250)));
        child.kill().expect("a child can be killed");
        if child.wait().expect("it ends").code().is_none() {
            cut_off += 1;
        }
        let found = runtime.block_on(KurrentLog::found(&url(&server))).expect("an answer");
        if found.is_some() {
            break;
        }
        let begun = terminal.run(&["init"]);
        assert_ne!(begun.code, Some(0), "a registry was begun over half a log");
    }
    println!("{cut_off} restores were killed");
    terminal.run(&restore).exited(0);
    moving.registry.restart_with(&on(&there));
    assert_eq!(history(&moving.registry), before);
    moving.check();
}

#[test]
fn a_copy_that_would_keep_positions_is_refused_and_names_the_way() {
    let (_runtime, server) = server();
    let registry = Registry::start();
    let copy =
        ["log", "copy", "--from", text(&registry.data_dir()), "--to", &server.url()].map(str::to_owned);
    let refused = registry.terminal().run(&copy.iter().map(String::as_str).collect::<Vec<_>>()).exited(2);
    for part in ["keyledger backup", "keyledger restore"] {
        assert!(refused.error_line().contains(part), "{part} in {}", refused.stderr);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_is_no_log_until_it_is_finished_and_is_then_the_one_that_it_was_to_be() {
    let server = start().await;
    assert!(KurrentLog::is_empty(&url(&server)).await.expect("an answer"));
    let claim = Claim::new("prefix-hT4kQ9xZ");
    let copy = KurrentLog::open_unfinished(&url(&server), identity()).await.expect("an empty copy");
    copy.append(Append { claims: vec![claim.clone()], ..append(1, 0, 2) }).await.expect("taken");
    drop(copy);
    assert!(!KurrentLog::is_empty(&url(&server)).await.expect("an answer"));
    assert_eq!(KurrentLog::found(&url(&server)).await.expect("an answer"), None);
    assert!(matches!(KurrentLog::open(&url(&server)).await, Err(OpenError::Copy { .. })));
    assert!(matches!(KurrentLog::open_read_only(&url(&server)).await, Err(OpenError::Copy { .. })));
    assert!(matches!(KurrentLog::create(&url(&server), identity(), &[]).await, Err(OpenError::Copy { .. })));

    // Gone on with, and finished twice, as whoever lost the answer does.
    let copy = KurrentLog::open_unfinished(&url(&server), identity()).await.expect("the copy");
    copy.append(append(2, 0, 1)).await.expect("taken");
    drop(copy);
    for _ in 0..2 {
        KurrentLog::finish(&url(&server), identity()).await.expect("finished");
    }
    let log = KurrentLog::open(&url(&server)).await.expect("a log");
    assert_eq!(log.identity(), identity());
    assert_eq!(log.read(Position::START, 10).await.expect("a read").len(), 3);
    let again = KurrentLog::open_unfinished(&url(&server), identity()).await;
    assert!(matches!(again, Err(OpenError::Exists { .. })));
}
