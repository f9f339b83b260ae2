//! Registries whose log is in one database: how it is begun there, and what several machines see of each other.

use std::fs::{self, DirBuilder};
use std::os::unix::fs::DirBuilderExt;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use keyledger_tests::{Client, Dice, Launch, Postgres, Registry, binary, soak, within};
use serde_json::json;
use tempfile::TempDir;

use crate::SERVER;

/// How long one machine may take to hear of what another one did, on a busy machine.
const NEWS: Duration = Duration::from_secs(5);

/// The settings by which a registry keeps its log in a database.
fn log_in(url: &str) -> [(&'static str, &str); 2] {
    [("KEYLEDGER_LOG__STORE", "postgres"), ("KEYLEDGER_LOG__URL", url)]
}

fn new_url() -> String {
    let server = SERVER.get();
    server.url(&server.new_database())
}

/// The home of another machine, to which somebody brought the keyring.
fn home_with_keyring_of(registry: &Registry) -> TempDir {
    let home = tempfile::tempdir().expect("a directory");
    let data = home.path().join("data");
    DirBuilder::new().mode(0o700).create(&data).expect("a directory");
    fs::copy(registry.data_dir().join("keyring"), data.join("keyring"))
        .expect("a copy, as private as it was");
    home
}

#[test]
fn what_one_machine_records_the_other_serves_and_what_it_revokes_the_other_refuses() {
    let url = new_url();
    let first = Registry::with(&log_in(&url));
    let second = Registry::in_home(home_with_keyring_of(&first), &log_in(&url));
    let elsewhere = second.management(&first.operator_key());
    for number in 0..20 {
        let key = first.create("acme", &format!("key {number}"), &["client:read"]);
        let known = within(NEWS, || (second.health(&key.secret).status == 200).then_some(()));
        assert!(known.is_some(), "the other machine never heard of key {number}");
        elsewhere.post(&key.at("revoke"), &json!({})).send().expecting(200);
        assert_eq!(second.health(&key.secret).status, 403, "revoked where it was asked for");
        let refused = within(NEWS, || (first.health(&key.secret).status == 403).then_some(()));
        assert!(refused.is_some(), "the other machine goes on accepting key {number}");
    }
    let listed = |registry: &Registry| {
        let keys = registry.management(&first.operator_key()).get("/v1/partners/acme/keys?limit=50").send();
        keys.expecting(200).json()
    };
    let alike = within(NEWS, || (listed(&first) == listed(&second)).then_some(()));
    assert!(alike.is_some(), "the lists never become alike");
}

#[test]
fn of_two_machines_that_change_one_key_at_once_one_wins_and_the_other_decides_again() {
    let url = new_url();
    let first = Registry::with(&log_in(&url));
    let second = Registry::in_home(home_with_keyring_of(&first), &log_in(&url));
    let operators = [first.operator(), second.management(&first.operator_key())];
    let key = first.create("acme", "contested", &["client:read"]);
    for round in 0..20 {
        let tag = operators[0].get(&key.path()).send().expecting(200).header("etag").to_owned();
        let rename = |operator: &Client, name: String| {
            let body = json!({ "name": name });
            operator.patch(&key.path(), &body).header("if-match", &tag).send().status
        };
        let statuses = thread::scope(|scope| {
            let rename = &rename;
            let asked = [0, 1].map(|at| {
                let operator = &operators[at];
                scope.spawn(move || rename(operator, format!("of machine {at} in round {round}")))
            });
            asked.map(|answer| answer.join().expect("an answer"))
        });
        assert!(statuses == [200, 412] || statuses == [412, 200], "both believed the same: {statuses:?}");
    }
    // Without a condition, the loser looks again and decides on what it finds.
    let revoked = thread::scope(|scope| {
        let asked = operators.each_ref().map(|operator| {
            let path = key.at("revoke");
            scope.spawn(move || operator.post(&path, &json!({})).send().status)
        });
        asked.map(|answer| answer.join().expect("an answer"))
    });
    assert_eq!(revoked, [200, 200]);
    let history = operators[0].get(&key.at("history")).send().expecting(200).json();
    let events = history["events"].as_array().expect("events").iter();
    assert_eq!(events.filter(|event| event["event"]["type"] == "KeyRevoked").count(), 1, "{history}");
}

#[test]
fn a_machine_without_the_keyring_of_the_log_is_told_what_it_lacks_and_makes_nothing() {
    let url = new_url();
    let first = Registry::with(&log_in(&url));
    let home = tempfile::tempdir().expect("a directory");
    let mut without = Launch::on(home.path(), &log_in(&url));
    without.expect_refusal(&["is the log of a registry", "its keyring is not at", "put the keyring there"]);
    assert!(!home.path().join("data/keyring").exists(), "a log is never given a new keyring");

    let another = Registry::with(&log_in(&new_url()));
    let home = home_with_keyring_of(&another);
    let mut with_a_wrong_one = Launch::on(home.path(), &log_in(&url));
    with_a_wrong_one.expect_refusal(&["belongs to log"]);
    assert_eq!(first.ops().get("/readyz").send().status, 200);
}

#[test]
fn of_two_machines_that_begin_at_once_one_makes_the_registry_and_the_other_leaves_nothing_behind() {
    for _ in 0..if soak() { 100 } else { 5 } {
        let url = new_url();
        let homes = [tempfile::tempdir().expect("a directory"), tempfile::tempdir().expect("a directory")];
        let beginning = homes
            .each_ref()
            .map(|home| init(home, &url).stderr(Stdio::piped()).spawn().expect("the binary can be started"));
        let ended = beginning.map(|child| child.wait_with_output().expect("it ends"));
        let made = [0, 1].map(|at| ended[at].status.success());
        assert!(made[0] != made[1], "{ended:?}");
        let (winner, loser) = if made[0] { (0, 1) } else { (1, 0) };
        let said = String::from_utf8_lossy(&ended[loser].stderr);
        assert!(said.contains("already") && said.lines().count() == 1, "{said}");
        for left in ["data/keyring", "data/operator-key", "data/unfinished"] {
            assert!(!homes[loser].path().join(left).exists(), "{left} is of a registry that never was");
        }
        for made in ["data/keyring", "data/operator-key"] {
            assert!(homes[winner].path().join(made).exists(), "{made} was not made");
        }
    }
}

#[test]
fn a_first_start_on_a_database_that_is_killed_anywhere_is_finished_or_begun_anew_by_the_next_one() {
    let mut dice = Dice::thrown_for("killed first start on a database");
    for _ in 0..if soak() { 300 } else { 15 } {
        let url = new_url();
        let home = tempfile::tempdir().expect("a directory");
        for _ in 0..1 + dice.below(3) {
            let mut child =
                init(&home, &url).stderr(Stdio::null()).spawn().expect("the binary can be started");
            thread::sleep(Duration::from_millis(dice.below(150)));
            // It may have come to its end already.
            let _ = child.kill();
            child.wait().expect("the process was ours to wait for");
        }
        let mut launch = Launch::on(home.path(), &log_in(&url));
        launch.expect_ready();
        let data = home.path().join("data");
        let key = fs::read_to_string(data.join("operator-key")).expect("the operator's key was left");
        let operator = Client::new(&launch.addresses().command, Some(key.trim()));
        assert!(operator.get("/v1/scopes").send().expecting(200).text().contains("clientEmail"));
        assert!(launch.terminate().success(), "{}", launch.said());
        assert!(!data.join("unfinished").exists(), "it holds keys, and nobody would look for them there");
    }
}

fn init(home: &TempDir, url: &str) -> Command {
    let mut command = Command::new(binary());
    command.arg("init").arg("--data-dir").arg(home.path().join("data")).stdout(Stdio::null());
    command.current_dir(home.path()).envs(log_in(url));
    command
}

#[test]
fn while_the_database_is_away_keys_are_judged_and_commands_are_told_so_and_afterwards_all_goes_on() {
    let mut server = Postgres::start();
    let url = server.url("postgres");
    let registry = Registry::with(&log_in(&url));
    let key = registry.create("acme", "lasting", &["client:read"]);
    server.end_at_once();
    let create = || {
        let create = registry
            .operator()
            .post("/v1/partners/acme/keys", &json!({ "name": "x", "scopes": ["client:read"] }));
        create.header("idempotency-key", "asked while it was away").send()
    };
    let begun = Instant::now();
    let refused = create();
    assert_eq!(refused.status, 503, "{}", refused.text());
    assert!(begun.elapsed() < Duration::from_secs(20), "an answer must come before people give up");
    assert_eq!(registry.health(&key.secret).status, 200, "what it knows it goes on judging");
    server.begin();
    let back = within(Duration::from_secs(30), || (create().status == 201).then_some(()));
    assert!(back.is_some(), "it never comes back: {}", registry.stderr());
    let listed = registry.operator().get("/v1/partners/acme/keys").send().expecting(200).json();
    assert_eq!(listed["keys"].as_array().map(Vec::len), Some(2), "the retry did nothing twice: {listed}");
    let ready = within(NEWS, || (registry.ops().get("/readyz").send().status == 200).then_some(()));
    assert!(ready.is_some(), "{}", registry.ops().get("/readyz").send().text());
}

#[test]
fn an_older_copy_that_takes_over_is_not_written_to_and_the_process_says_so_and_ends() {
    let server = SERVER.get();
    let database = server.new_database();
    let url = server.url(&database);
    let mut registry = Registry::with(&log_in(&url));
    let before = registry.create("acme", "before", &["client:read"]);
    let after = registry.create("acme", "after", &["client:read"]);
    server.run(
        &database,
        &format!(
            "BEGIN; LOCK head; DELETE FROM events WHERE stream = 'key-{}';
             UPDATE head SET position = (SELECT max(position) FROM events); COMMIT",
            after.id
        ),
    );
    // It may have noticed already, and end in the middle of the answer.
    let _ = registry.operator().post(&before.at("revoke"), &json!({})).try_send();
    let status = registry.ended();
    assert_eq!(status.code(), Some(1));
    assert!(registry.stderr().contains("no longer holds what was recorded"), "{}", registry.stderr());
    let again = registry.try_restart().expect_err("its read models have seen more than the log holds");
    assert!(again.stderr.contains("than the log holds"), "{}", again.stderr);
}

#[test]
fn an_event_that_the_databases_owner_made_up_stops_every_reader_and_is_named() {
    let server = SERVER.get();
    let database = server.new_database();
    let registry = Registry::with(&log_in(&server.url(&database)));
    let key = registry.create("acme", "real", &["client:read"]);
    server.run(
        &database,
        &format!(
            "INSERT INTO events SELECT head.position + 1, gen_random_uuid(), stream, revision + 1, public, private, mac
                 FROM events, head WHERE stream = 'key-{}';
             UPDATE head SET position = position + 1; NOTIFY keyledger_head, '4'",
            key.id
        ),
    );
    let told = within(NEWS, || {
        let ready = registry.ops().get("/readyz").send();
        (ready.status == 503 && ready.text().contains("position 4")).then_some(())
    });
    assert!(told.is_some(), "{}", registry.ops().get("/readyz").send().text());
}
