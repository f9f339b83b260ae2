//! The drill: a registry is backed up while it is used, its data directory is lost, and it comes back from the backup with
//! everything taken away that was taken away since.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::thread;
use std::time::Duration;

use keyledger_tests::{Created, Dice, Launch, Registry, Terminal, copy_all, from_now};
use serde_json::{Value, json};

/// A registry, its backup, and what happened before and after it.
struct Lost {
    registry: Registry,
    backup: PathBuf,
    kept: Created,
    leaked: Created,
    rotated: Created,
    overlapping: [Created; 2],
    edited: Created,
    once: Value,
}

const ONCE: &str = "/v1/partners/acme/keys";

fn once(registry: &Registry) -> Value {
    let body = json!({ "name": "once", "scopes": ["client:read"] });
    let asked = registry.operator().post(ONCE, &body).header("idempotency-key", "one").send();
    asked.expecting(201).json()["key"]["keyId"].clone()
}

impl Lost {
    /// What happens until the data is lost; the history is exported before that.
    fn new() -> Self {
        let registry = Registry::start();
        let backup = registry.home().join("backup");
        let create = |name: &str| registry.create("acme", name, &["client:read"]);
        let (kept, leaked, rotated, edited) =
            (create("kept"), create("leaked"), create("rotated"), create("edited"));
        let older = create("overlapping");
        let overlapping = [older.clone(), registry.regenerate(&older, 86_400)];
        let once = once(&registry);
        registry.terminal().run(&["users", "add", "ada@example.com", "--partner", "acme"]).exited(0);
        registry.terminal().run(&["backup", "--to", &backup.to_string_lossy()]).exited(0);
        // What the backup does not know of.
        let operator = registry.operator();
        operator.post(&leaked.at("revoke"), &json!({ "reason": "seen in public" })).send().expecting(200);
        registry.regenerate(&rotated, 0);
        operator.post(&overlapping[0].at("end-overlap"), &json!({})).send().expecting(200);
        operator.patch(&edited.path(), &json!({ "name": "renamed" })).send().expecting(200);
        let created_since = create("created since");
        registry.revoke(&created_since);
        let export = registry.terminal().run(&["events", "--json"]).exited(0).stdout;
        fs::write(registry.home().join("events.ndjson"), export).expect("a file");
        Self { registry, backup, kept, leaked, rotated, overlapping, edited, once }
    }

    /// The disk is gone; the keyring comes back from its safe copy, and the operator key from a secret store.
    fn lose_the_data(&mut self) {
        self.registry.stop();
        let (data, safe) = (self.registry.data_dir(), self.registry.home().join("safe"));
        fs::rename(&data, &safe).expect("put away");
        fs::create_dir(&data).expect("a directory");
        for file in ["keyring", "operator-key"] {
            fs::copy(safe.join(file), data.join(file)).expect("a copy, as private as it was");
        }
    }

    fn restore<'a>(&'a self, more: &[&'a str]) -> Vec<&'a str> {
        let from = self.backup.to_str().expect("text");
        [&["restore", "--from", from][..], more].concat()
    }
}

#[test]
fn what_was_revoked_after_the_backup_is_refused_from_the_first_answer_on() {
    let mut lost = Lost::new();
    lost.lose_the_data();
    let (home, data) = (lost.registry.home().to_owned(), lost.registry.data_dir());
    let terminal = lost.registry.terminal();
    // Somebody tried to start it from what readers had left behind.
    copy_models(&home.join("safe"), &data);
    fs::create_dir(data.join("snapshots")).expect("a directory");
    for entry in fs::read_dir(home.join("safe/snapshots")).expect("a directory") {
        let path = entry.expect("a snapshot").path();
        fs::copy(&path, data.join("snapshots").join(path.file_name().expect("a name"))).expect("a copy");
    }
    let refusal = terminal.run(&lost.restore(&[])).exited(2);
    assert!(refusal.error_line().contains("--revocations-from"), "{}", refusal.stderr);
    let told =
        terminal.run(&lost.restore(&["--revocations-from", "events.ndjson", "--json"])).exited(0).json();
    assert_eq!(told["epoch"], 2, "{told}");
    let ids = |list: &Value| -> Vec<String> {
        let keys = list.as_array().expect("a list").iter();
        keys.map(|key| key["keyId"].as_str().expect("an id").to_owned()).collect()
    };
    assert_eq!(ids(&told["again"]["revoked"]), [lost.leaked.id.clone()]);
    assert_eq!(ids(&told["again"]["ended"]), [lost.rotated.id.clone()]);
    assert_eq!(ids(&told["again"]["overlapsEnded"]), [lost.overlapping[0].id.clone()]);
    assert_eq!(ids(&told["again"]["changed"]), [lost.edited.id.clone()]);
    assert_eq!(told["again"]["gone"], 1);

    lost.registry.restart();
    let registry = &lost.registry;
    for (key, status) in [
        (&lost.leaked, 403),
        (&lost.rotated, 403),
        (&lost.overlapping[0], 403),
        (&lost.overlapping[1], 200),
        (&lost.kept, 200),
        (&lost.edited, 200),
    ] {
        assert_eq!(registry.health(&key.secret).status, status, "{}", key.key["name"]);
    }
    let leaked = registry.operator().get(&lost.leaked.path()).send().expecting(200).json();
    assert_eq!(
        (&leaked["status"], &leaked["revocationReason"]),
        (&json!("REVOKED"), &json!("seen in public"))
    );
    let rotated = registry.regenerate(&lost.rotated, 0);
    assert_eq!(registry.health(&rotated.secret).status, 200, "its owner gets a new secret");
    assert_eq!(once(registry), lost.once, "an idempotency key of before is known");
    let users = registry.terminal().run(&["users", "list"]).exited(0).stdout;
    assert!(users.contains("ada@example.com"), "{users}");
    let status = registry.terminal().run(&["projections", "status", "--json"]).exited(0);
    assert!(!status.stdout.contains("\"epoch\":1"), "{}", status.stdout);
    // The same again, now that it lives.
    lost.registry.stop();
    let refusal = terminal.run(&lost.restore(&["--without-revocations"])).exited(1);
    assert!(refusal.error_line().contains("a log is never written over"), "{}", refusal.stderr);
    // A snapshot of the life before is ignored, loudly, and a model of it is refused.
    let old = data.join("before-epoch-2");
    fs::copy(old.join("key-index.snapshot"), data.join("snapshots/key-index.snapshot")).expect("a copy");
    lost.registry.restart();
    assert_eq!(lost.registry.health(&lost.leaked.secret).status, 403);
    lost.registry.stop();
    copy_models(&old, &data);
    let refusal = lost.registry.try_restart().expect_err("a witness of another life");
    assert!(refusal.stderr.contains("epoch 1"), "{}", refusal.stderr);
}

#[test]
fn a_restore_that_is_killed_at_any_moment_is_gone_on_with_and_nobody_serves_before_its_end() {
    let mut lost = Lost::new();
    lost.lose_the_data();
    let (data, terminal) = (lost.registry.data_dir(), lost.registry.terminal());
    let mut dice = Dice::thrown_for("killed restores");
    let command = lost.restore(&["--revocations-from", "events.ndjson", "--json"]);
    let empty = lost.registry.home().join("empty");
    copy_all(&data, &empty);
    let (mut killed, mut refused) = (0, 0);
    for _ in 0..20 {
        let mut child = terminal.command().args(&command).stdout(Stdio::null()).spawn().expect("it starts");
        thread::sleep(Duration::from_millis(dice.below(120)));
        child.kill().expect("a child can be killed");
        if child.wait().expect("it ends").code().is_some() || is_a_log(&data) {
            // It was done: once more from the beginning.
            fs::remove_dir_all(&data).expect("removed");
            copy_all(&empty, &data);
            continue;
        }
        killed += 1;
        if data.join("log.db").exists() && refused < 3 {
            refused += 1;
            let mut launch = Launch::on(lost.registry.home(), &[]);
            launch.expect_refusal(&["was not finished", "keyledger restore"]);
        }
    }
    println!("{killed} restores were killed, {refused} starts refused");
    assert!(killed > 2, "the kills came too late");
    terminal.run(&command).exited(0);
    lost.registry.restart();
    assert_eq!(lost.registry.health(&lost.leaked.secret).status, 403);
    assert_eq!(lost.registry.health(&lost.rotated.secret).status, 403);
    assert_eq!(lost.registry.health(&lost.kept.secret).status, 200);
    let history = lost.registry.operator().get(&lost.leaked.at("history")).send().expecting(200).json();
    assert_eq!(history["events"].as_array().map(Vec::len), Some(2), "revoked once: {history}");
}

/// Whether somebody could serve from it.
fn is_a_log(data: &Path) -> bool {
    keyledger_event_log_sqlite::SqliteLog::open_read_only(data.join("log.db")).is_ok()
}

#[test]
fn without_revocations_is_said_and_a_damaged_backup_or_history_is_refused() {
    let mut lost = Lost::new();
    lost.lose_the_data();
    let terminal = lost.registry.terminal();
    let refused = |command: &[&str], words: &str| {
        let ran = terminal.run(command).exited(1);
        assert!(ran.error_line().contains(words), "{}", ran.stderr);
    };
    let home = lost.registry.home();
    let whole = fs::read_to_string(home.join("events.ndjson")).expect("the history");
    fs::write(home.join("cut.ndjson"), &whole[..whole.len() - 40]).expect("a file");
    fs::write(home.join("none.ndjson"), "").expect("a file");
    refused(&lost.restore(&["--revocations-from", "cut.ndjson"]), "is no event: export the history again");
    refused(&lost.restore(&["--revocations-from", "none.ndjson"]), "holds no event of log");
    let manifest = fs::read_to_string(lost.backup.join("backup.json")).expect("a manifest");
    let digest = manifest.find("\"digest\": \"").expect("a digest") + 11;
    let mut other = manifest.clone();
    other.replace_range(digest..digest + 4, "0000");
    fs::write(lost.backup.join("backup.json"), other).expect("a file");
    refused(&lost.restore(&["--without-revocations"]), "does not hold what its backup.json says");
    fs::write(lost.backup.join("backup.json"), manifest).expect("a file");
    // Nobody serves from a backup either.
    let elsewhere = tempfile::tempdir().expect("a directory");
    copy_all(&lost.backup, &elsewhere.path().join("data"));
    fs::copy(lost.registry.data_dir().join("keyring"), elsewhere.path().join("data/keyring"))
        .expect("a copy");
    Launch::on(elsewhere.path(), &[]).expect_refusal(&["was not finished, or a backup"]);

    let said = terminal.run(&lost.restore(&["--without-revocations"])).exited(0).stdout;
    assert!(said.contains("keys that were revoked after that moment work again"), "{said}");
    lost.registry.restart();
    assert_eq!(lost.registry.health(&lost.leaked.secret).status, 200, "as was said");
}

#[test]
fn a_backup_holds_all_that_was_acknowledged_before_it_began_and_is_brought_up_to_date() {
    const CLIENTS: usize = 8;
    let registry = Registry::start();
    let terminal: Terminal = registry.terminal();
    let stop = std::sync::atomic::AtomicBool::new(false);
    let last = std::sync::atomic::AtomicU64::new(0);
    thread::scope(|scope| {
        for client in 0..CLIENTS {
            let (registry, stop, last) = (&registry, &stop, &last);
            scope.spawn(move || {
                let mut number = 0;
                while !stop.load(std::sync::atomic::Ordering::SeqCst) {
                    let body = json!({ "name": format!("{client} {number}"), "scopes": ["client:read"], "expiresAt": from_now(Duration::from_secs(3_600)) });
                    let key = registry.create_from("acme", &body);
                    let position = key.key["position"].as_u64().expect("a position");
                    last.fetch_max(position, std::sync::atomic::Ordering::SeqCst);
                    number += 1;
                }
            });
        }
        for round in 0..5 {
            let acknowledged = last.load(std::sync::atomic::Ordering::SeqCst);
            let told = terminal.run(&["backup", "--to", "backup", "--json"]).exited(0).json();
            let (held, new) =
                (told["position"].as_u64().expect("a position"), told["copied"].as_u64().expect("a number"));
            assert!(held >= acknowledged, "{held} of {acknowledged}");
            assert!(round == 0 || new < held, "it is brought up to date, and not made anew");
        }
        stop.store(true, std::sync::atomic::Ordering::SeqCst);
    });
    use std::os::unix::fs::PermissionsExt as _;
    let mode =
        |path: &str| fs::metadata(registry.home().join(path)).expect("there").permissions().mode() & 0o777;
    assert_eq!(mode("backup"), 0o700);
    let mut files = Vec::new();
    for entry in fs::read_dir(registry.home().join("backup")).expect("a directory") {
        let name = entry.expect("an entry").file_name().into_string().expect("text");
        assert_eq!(mode(&format!("backup/{name}")), 0o600, "{name}");
        files.push(name);
    }
    files.sort();
    assert_eq!(files, ["backup.json", "log.db", "portal.db"]);
    let refused = terminal.run(&["backup", "--to", "data"]).exited(1);
    assert!(refused.error_line().contains("is not empty and holds no backup"), "{}", refused.stderr);
    let other = Registry::start();
    let to = registry.home().join("backup");
    let refused = other.terminal().run(&["backup", "--to", &to.to_string_lossy()]).exited(1);
    assert!(refused.error_line().contains("holds a backup of log"), "{}", refused.stderr);
}

/// Copies the lists, with what SQLite keeps beside them, over those that are there.
fn copy_models(from: &Path, to: &Path) {
    for file in ["read-models.db", "read-models.db-wal", "read-models.db-shm"] {
        let _ = fs::remove_file(to.join(file));
        if from.join(file).exists() {
            fs::copy(from.join(file), to.join(file)).expect("a copy");
        }
    }
}
