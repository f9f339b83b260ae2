//! Registries whose lists and last uses are in a database: several machines on one, a rebuild under load, and the bad day.

use std::collections::BTreeSet;
use std::fs::{self, DirBuilder};
use std::os::unix::fs::DirBuilderExt;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use keyledger_domain::Prefix;
use keyledger_tests::{Client, Postgres, Registry, Terminal, binary, within};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::SERVER;

/// How long one machine may take to hear of what another one did, or to take over from it, on a busy machine.
const NEWS: Duration = Duration::from_secs(10);

fn new_url() -> String {
    let server = SERVER.get();
    server.url(&server.new_database())
}

/// The settings by which a registry keeps its log and its models in a database.
fn all_in(url: &str) -> [(&'static str, &str); 3] {
    [("KEYLEDGER_LOG__STORE", "postgres"), ("KEYLEDGER_LOG__URL", url), ("KEYLEDGER_READ_MODELS__URL", url)]
}

/// The home of another machine, to which somebody brought the keyring.
fn home_with_keyring_of(registry: &Registry) -> TempDir {
    let home = tempfile::tempdir().expect("a directory");
    let data = home.path().join("data");
    DirBuilder::new().mode(0o700).create(&data).expect("a directory");
    fs::copy(registry.data_dir().join("keyring"), data.join("keyring")).expect("a copy");
    home
}

fn terminal_of(registry: &Registry, settings: &[(&str, &str)]) -> Terminal {
    settings.iter().fold(registry.terminal(), |terminal, (name, value)| terminal.set(name, value))
}

/// The names on the first page of a partner's keys.
fn listed(client: &Client) -> BTreeSet<String> {
    let page = client.get("/v1/partners/acme/keys?limit=200").send().expecting(200).json();
    let keys = page["keys"].as_array().expect("a list");
    keys.iter().map(|key| key["name"].as_str().expect("a name").to_owned()).collect()
}

fn of_lists(told: &Value) -> Value {
    let models = told["projections"].as_array().expect("a list");
    models.iter().find(|model| model["name"] == "partner_keys").expect("the lists").clone()
}

#[test]
fn of_two_machines_on_one_database_one_writes_the_lists_and_the_other_takes_over() {
    let url = new_url();
    let mut first = Registry::with(&all_in(&url));
    let key = first.operator_key();
    let mut second = Registry::in_home(home_with_keyring_of(&first), &all_in(&url));
    let mut wanted = BTreeSet::new();
    for number in 0..10 {
        let name = format!("key {number}");
        let (here, there) = if number % 2 == 0 { (&first, &second) } else { (&second, &first) };
        here.management(&key)
            .post("/v1/partners/acme/keys", &json!({ "name": name, "scopes": ["client:read"] }))
            .send()
            .expecting(201);
        wanted.insert(name);
        // Whoever answered has it in the lists, and they are one.
        assert_eq!(listed(&here.management(&key)), wanted);
        assert_eq!(listed(&there.management(&key)), wanted);
    }
    for round in 0..2 {
        first.kill();
        let name = format!("after {round}");
        let made = second
            .management(&key)
            .post("/v1/partners/acme/keys", &json!({ "name": name, "scopes": ["client:read"] }))
            .send();
        made.expecting(201);
        wanted.insert(name);
        let taken_over = within(NEWS, || (listed(&second.management(&key)) == wanted).then_some(()));
        assert!(taken_over.is_some(), "nobody writes the lists: {}", second.stderr());
        first.restart();
        assert_eq!(listed(&first.management(&key)), wanted);
        std::mem::swap(&mut first, &mut second);
    }
    let of = |registry: &Registry| of_lists(&registry.ops().get("/projections").send().expecting(200).json());
    assert_eq!(of(&first), of(&second));
}

#[test]
fn a_machine_that_was_stopped_in_the_middle_of_everything_does_not_keep_the_lists() {
    let url = new_url();
    let first = Registry::with(&all_in(&url));
    let key = first.operator_key();
    let second = Registry::in_home(home_with_keyring_of(&first), &all_in(&url));
    first.signal("STOP");
    let body = json!({ "name": "while it stood still", "scopes": ["client:read"] });
    // It is recorded at once; that the lists hold it may take until the database has ended the session of the first.
    second.management(&key).post("/v1/partners/acme/keys", &body).send();
    let listed_there =
        within(NEWS, || listed(&second.management(&key)).contains("while it stood still").then_some(()));
    first.signal("CONT");
    assert!(listed_there.is_some(), "nobody writes the lists: {}", second.stderr());
    let ready = within(NEWS, || (first.ops().get("/readyz").send().status == 200).then_some(()));
    assert!(ready.is_some(), "it does not come back: {}", first.stderr());
    assert!(listed(&first.management(&key)).contains("while it stood still"));
}

#[test]
fn what_two_machines_saw_used_stands_in_one_table() {
    let url = new_url();
    let mut first = Registry::with(&all_in(&url));
    let mut second = Registry::in_home(home_with_keyring_of(&first), &all_in(&url));
    let [here, there, nowhere] =
        ["here", "there", "nowhere"].map(|name| first.create("acme", name, &["client:read"]));
    assert_eq!(first.health(&here.secret).status, 200);
    let known = within(NEWS, || (second.health(&there.secret).status == 200).then_some(()));
    assert!(known.is_some(), "the other machine never heard of the key");
    assert_eq!([first.stop().code(), second.stop().code()], [Some(0), Some(0)]);
    let prefixes =
        [&here, &there, &nowhere].map(|key| Prefix::parse(&key.secret.as_bytes()[..8]).expect("a prefix"));
    let told = first.last_used().last_used(&prefixes).expect("a table");
    assert_eq!(told.iter().map(Option::is_some).collect::<Vec<_>>(), [true, true, false]);
    assert!(!first.data_dir().join("last-used.db").exists(), "it is in the database alone");
}

#[test]
fn lists_are_made_anew_while_keys_are_created_and_listed_and_no_list_fails() {
    let url = new_url();
    let registry = Registry::with(&all_in(&url));
    let operator = registry.operator();
    for number in 0..50 {
        registry.create("acme", &format!("before {number}"), &["client:read"]);
    }
    let over = AtomicBool::new(false);
    let rebuilt: Vec<Value> = thread::scope(|scope| {
        let creates = scope.spawn(|| {
            let mut number = 0;
            while !over.load(Ordering::Relaxed) {
                let name = format!("meanwhile {number}");
                let body = json!({ "name": name, "scopes": ["client:read"] });
                operator.post("/v1/partners/acme/keys", &body).send().expecting(201);
                assert!(
                    number > 140 || listed(&operator).contains(&name),
                    "{name} was answered and is not listed"
                );
                number += 1;
            }
            number
        });
        let lists = scope.spawn(|| {
            let (mut lists, mut most) = (0, 0);
            while !over.load(Ordering::Relaxed) {
                let found = listed(&operator).len();
                assert!(found >= most, "a list lost keys: {found} after {most}");
                (lists, most) = (lists + 1, found);
            }
            lists
        });
        let terminal = terminal_of(&registry, &all_in(&url));
        let rebuilt =
            (0..3).map(|_| terminal.run(&["projections", "rebuild", "--json"]).exited(0).json()).collect();
        over.store(true, Ordering::Relaxed);
        let (created, listed) =
            (creates.join().expect("no create fails"), lists.join().expect("no list fails"));
        assert!(created > 0 && listed > 0, "nothing happened meanwhile: {created} {listed}");
        rebuilt
    });
    for told in &rebuilt {
        assert_eq!(of_lists(told)["unchanged"], true, "{told}");
    }
    let terminal = terminal_of(&registry, &all_in(&url));
    let status = of_lists(&terminal.run(&["projections", "status", "--json"]).exited(0).json());
    assert_eq!(status["behind"], 0, "{status}");
    let running = of_lists(&registry.ops().get("/projections").send().expecting(200).json());
    assert_eq!(running["digest"], status["digest"]);
    assert!(registry.ops().get("/readyz").send().status == 200, "{}", registry.stderr());
}

#[test]
fn a_rebuild_that_was_killed_changes_nothing_and_the_next_one_removes_what_it_left() {
    let server = SERVER.get();
    let database = server.new_database();
    let url = server.url(&database);
    let registry = Registry::with(&all_in(&url));
    registry.create("acme", "before", &["client:read"]);
    let is_left = || {
        server.run(&database, "SELECT to_regclass('keyledger_lists_next.partner_keys') IS NOT NULL") == "t"
    };
    thread::scope(|scope| {
        // Who reads is not in the way of this, and who writes is.
        let hold = "BEGIN; SELECT FROM keyledger_lists.checkpoint FOR UPDATE; SELECT pg_advisory_lock(4711); SELECT pg_sleep(4)";
        let holding = scope.spawn(|| server.run(&database, hold));
        let is_held =
            "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND objid = 4711 AND granted";
        within(NEWS, || (server.run(&database, is_held) == "1").then_some(())).expect("the lists are held");
        let mut rebuild = Command::new(binary());
        rebuild.args(["projections", "rebuild", "--json", "--data-dir"]).arg(registry.data_dir());
        rebuild.envs(all_in(&url)).current_dir(registry.home()).stdout(Stdio::null()).stderr(Stdio::null());
        let mut rebuild = rebuild.spawn().expect("the binary can be started");
        // It cannot come to its end while the others are held by somebody else.
        within(NEWS, || is_left().then_some(())).expect("it makes tables beside");
        rebuild.kill().expect("it can be killed");
        assert!(!rebuild.wait().expect("it ends").success(), "it was done before it was killed");
        holding.join().expect("they are let go");
    });
    assert!(is_left(), "nothing was left, so nothing was tested");
    registry.create("acme", "after", &["client:read"]);
    let both = BTreeSet::from(["before", "after"].map(str::to_owned));
    assert_eq!(listed(&registry.operator()), both);
    let told =
        terminal_of(&registry, &all_in(&url)).run(&["projections", "rebuild", "--json"]).exited(0).json();
    assert_eq!(of_lists(&told)["unchanged"], true, "{told}");
    assert!(!is_left());
    assert_eq!(listed(&registry.operator()), both);
}

#[test]
fn a_row_that_somebody_changed_is_told_by_the_rebuild_and_is_as_the_log_says_afterwards() {
    let server = SERVER.get();
    let database = server.new_database();
    let url = server.url(&database);
    let registry = Registry::with(&all_in(&url));
    registry.create("acme", "honest", &["client:read"]);
    server.run(&database, "UPDATE keyledger_lists.partner_keys SET name = 'dishonest' WHERE name = 'honest'");
    assert!(listed(&registry.operator()).contains("dishonest"));
    let ran = terminal_of(&registry, &all_in(&url)).run(&["projections", "rebuild"]).exited(1);
    assert!(ran.stderr.contains("partner_keys did not hold what the log says"), "{}", ran.stderr);
    assert!(listed(&registry.operator()).contains("honest"));
}

#[test]
fn lists_that_were_removed_while_nobody_ran_are_made_from_the_log_at_the_next_start() {
    let server = SERVER.get();
    let database = server.new_database();
    let url = server.url(&database);
    let mut registry = Registry::with(&all_in(&url));
    registry.create("acme", "kept in the log", &["client:read"]);
    registry.stop();
    server.run(&database, "DROP SCHEMA keyledger_lists CASCADE");
    registry.restart();
    assert!(listed(&registry.operator()).contains("kept in the log"));
    assert!(!registry.data_dir().join("read-models.db").exists(), "the lists are in the database alone");
}

#[test]
fn an_embedded_log_may_have_its_lists_in_a_database_and_waits_for_them_where_that_is_away() {
    let mut server = Postgres::start();
    let url = server.url("postgres");
    let settings = [("KEYLEDGER_LOG__STORE", "sqlite"), ("KEYLEDGER_READ_MODELS__URL", url.as_str())];
    let registry = Registry::with(&settings);
    let before = registry.create("acme", "before", &["client:read"]);
    server.end_at_once();
    let operator = registry.operator();
    let refused = operator.get("/v1/partners/acme/keys").send();
    assert_eq!(refused.status, 503, "{}", refused.text());
    assert_eq!(registry.health(&before.secret).status, 200, "keys are judged all the same");
    server.begin();
    let back = within(NEWS, || {
        let answer = operator.get("/v1/partners/acme/keys").send();
        (answer.status == 200 && answer.text().contains("before")).then_some(())
    });
    assert!(back.is_some(), "the lists never come back: {}", registry.stderr());
    registry.create("acme", "after", &["client:read"]);
    assert!(listed(&operator).contains("after"));
}
