//! Roles as processes of their own on one host, over the same files: what each promises while others are away.

use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use keyledger_event_log::EventLog as _;
use keyledger_event_log_sqlite::SqliteLog;
use keyledger_tests::{Client, RoleProcess, Terminal, unknown_secret, within};
use serde_json::{Value, json};
use tempfile::TempDir;

const PATIENCE: Duration = Duration::from_secs(20);

/// A home in which roles run.
struct Host {
    home: TempDir,
}

impl Host {
    fn new() -> Self {
        Self { home: tempfile::tempdir().expect("a directory") }
    }

    fn data(&self) -> PathBuf {
        self.home.path().join("data")
    }

    fn start(&self, role: &str) -> RoleProcess {
        RoleProcess::start(role, &self.data(), &[])
    }

    /// The management API of a command service, as the first operator.
    fn operator(&self, command_service: &RoleProcess) -> Client {
        let listening = || command_service.address("command");
        let nobody = within(PATIENCE, listening).unwrap_or_else(|| panic!("{}", command_service.said()));
        nobody.with_key(read(&self.data().join("operator-key")).trim())
    }
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).expect("a file")
}

fn create(operator: &Client, name: &str) -> keyledger_tests::Answer {
    operator.post("/v1/partners/acme/keys", &json!({ "name": name, "scopes": ["client:read"] })).send()
}

/// The answer to a create, once the command service knows who asks.
#[track_caller]
fn created(operator: &Client, name: &str) -> Value {
    let answer = within(PATIENCE, || Some(create(operator, name)).filter(|answer| answer.status == 201));
    answer.expect("a key is created").json()
}

/// What `/readyz` of a process says of a role.
fn role(process: &RoleProcess, name: &str) -> Option<Value> {
    let roles = process.readiness()?.json()["roles"].as_array()?.clone();
    roles.into_iter().find(|role| role["role"] == name)
}

#[test]
fn a_revocation_is_recorded_while_nobody_makes_the_lists_and_whoever_asks_is_told_so() {
    let host = Host::new();
    let command_service = host.start("command-service");
    let operator = host.operator(&command_service);
    assert!(command_service.said().contains("\"operatorKeyFile\""), "{}", command_service.said());
    let refused = || {
        Some(create(&operator, "too early").json()["code"].clone())
            .filter(|code| *code == "lists-unavailable")
    };
    assert!(within(PATIENCE, refused).is_some(), "how many keys there are is told by the lists");
    let lists = role(&command_service, "partner_keys").expect("it tells of the lists");
    assert_eq!(lists["ready"], false, "{lists}");
    assert!(lists["reason"].as_str().is_some_and(|why| why.contains("there is no read model")), "{lists}");

    let mut projector = host.start("projector");
    projector.expect_live();
    let ready = || command_service.readiness().filter(|answer| answer.status == 200).map(|_| ());
    assert!(within(PATIENCE, ready).is_some(), "{:?}", command_service.readiness());
    let minted = created(&operator, "a key");
    assert!(minted.get("applied").is_none(), "it is applied: {minted}");
    assert_eq!(
        operator.get("/v1/partners/acme/keys").send().json()["keys"].as_array().map(Vec::len),
        Some(1)
    );

    let spare = json!({ "name": "spare", "scopes": ["registryKeys:read"] });
    let spare = operator.post("/v1/partners/acme/keys", &spare).send().expecting(201).json();
    projector.kill();
    let late = operator.post(
        &format!("/v1/partners/acme/keys/{}/revoke", minted["key"]["keyId"].as_str().expect("an id")),
        &json!({ "waitFor": "validators" }),
    );
    let answer = late.send();
    assert_eq!((answer.status, answer.json()["code"].clone()), (503, json!("recorded-not-applied")));
    // No validator reports here, so nobody confirmed it; when even those who do not report refuse it is told all the same.
    let receipt = &answer.json()["validators"];
    assert!(receipt["safeAt"].is_string() && receipt["confirmed"] == json!([]), "{receipt}");
    let behind = role(&command_service, "partner_keys").expect("it tells of the lists");
    assert!(
        behind["reason"].as_str().is_some_and(|why| why.contains("look whether `keyledger projector` runs")),
        "{behind}"
    );
    // In an emergency the key index knows whose the first eight characters are.
    let body = json!({ "prefix": spare["key"]["prefix"], "reason": "leaked" });
    let answer = operator.post("/v1/revocations", &body).send();
    assert_eq!((answer.status, answer.json()["code"].clone()), (503, json!("recorded-not-applied")));
    let identity = operator.with_key(spare["secret"].as_str().expect("a secret"));
    assert_eq!(
        identity.get("/v1/scopes").send().status,
        401,
        "who asks is judged by the index, which has it"
    );

    let mut projector = host.start("projector");
    projector.expect_live();
    assert!(within(PATIENCE, ready).is_some(), "{:?}", command_service.readiness());
}

#[test]
fn a_role_runs_once_on_a_data_directory_and_serve_is_all_of_them() {
    let host = Host::new();
    let mut command_service = host.start("command-service");
    host.operator(&command_service);
    let mut projector = host.start("projector");
    projector.expect_live();
    let mut validator = host.start("validator");
    validator.expect_live();
    command_service.expect_live();
    for role in ["command-service", "projector", "validator"] {
        host.start(role).expect_end(&[&format!("keyledger {role} (pid"), "stop it first"]);
    }
    host.start("serve").expect_end(&["already works on", "stop it first"]);
}

#[test]
fn a_role_that_comes_before_the_registry_says_so_and_makes_nothing() {
    let host = Host::new();
    std::fs::create_dir(host.data()).expect("a directory");
    for role in ["projector", "validator"] {
        host.start(role).expect_end(&["there is no registry in"]);
    }
    assert!(std::fs::read_dir(host.data()).expect("a directory").next().is_none(), "nothing was made");
}

#[test]
fn on_one_host_another_process_refuses_a_revoked_key_within_fifty_milliseconds() {
    let host = Host::new();
    let mut command_service = host.start("command-service");
    let operator = host.operator(&command_service);
    let mut projector = host.start("projector");
    let mut validator = host.start("validator");
    for process in [&mut command_service, &mut projector, &mut validator] {
        process.expect_live();
    }
    let judged = validator.validator().expect("it listens");
    let status = |secret: &str| judged.get("/v1/health").key(secret).send().status;
    let mut delays: Vec<_> = (0..if keyledger_tests::soak() { 1_000 } else { 100 })
        .map(|number| {
            let minted = created(&operator, &format!("key {number}"));
            let secret = minted["secret"].as_str().expect("a secret").to_owned();
            let key_id = minted["key"]["keyId"].as_str().expect("an id").to_owned();
            assert!(within(PATIENCE, || (status(&secret) == 200).then_some(())).is_some());
            operator
                .post(&format!("/v1/partners/acme/keys/{key_id}/revoke"), &json!({}))
                .send()
                .expecting(200);
            let answered = Instant::now();
            while status(&secret) != 403 {
                assert!(answered.elapsed() < PATIENCE, "it is accepted for too long");
                thread::yield_now();
            }
            answered.elapsed()
        })
        .collect();
    delays.sort_unstable();
    let at = |part: usize| delays[delays.len() * part / 100];
    println!(
        "refused by another process: p50 {:?}, p99 {:?}, longest {:?}",
        at(50),
        at(99),
        delays[delays.len() - 1]
    );
    // The target is 50 ms for 99 of 100; a busy machine is given more here, so that only what is wrong fails.
    assert!(at(90) < Duration::from_millis(250), "{delays:?}");
    assert_eq!(status(&unknown_secret()), 403);
}

#[test]
fn another_process_that_waits_on_the_file_sees_an_append_within_twenty_milliseconds() {
    let host = Host::new();
    let mut command_service = host.start("command-service");
    let operator = host.operator(&command_service);
    let mut projector = host.start("projector");
    projector.expect_live();
    command_service.expect_live();
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let log = SqliteLog::open_read_only(host.data().join("log.db")).expect("the log");
    let head = runtime.block_on(log.head()).expect("its head");
    // Each is waited for from before it is recorded, as a reader does; how long after the answer it was seen is the delay,
    // and nothing where the answer was slower.
    let seen = thread::scope(|scope| {
        let waiting = scope.spawn(|| {
            let (mut after, mut seen) = (head, Vec::new());
            while seen.len() < APPENDS {
                let found = runtime.block_on(log.wait(after, PATIENCE)).expect("an answer");
                let at = Instant::now();
                assert!(found > after, "nothing came");
                seen.extend((after.get()..found.get()).map(|_| at));
                after = found;
            }
            seen
        });
        let answered: Vec<_> = (0..APPENDS)
            .map(|number| {
                created(&operator, &format!("key {number}"));
                Instant::now()
            })
            .collect();
        let seen = waiting.join().expect("it waits to the end");
        seen.into_iter().zip(answered).map(|(seen, answered)| seen.saturating_duration_since(answered))
    });
    let mut delays: Vec<_> = seen.collect();
    delays.sort_unstable();
    println!("seen by another process: p50 {:?}, p99 {:?}", delays[APPENDS / 2], delays[APPENDS * 99 / 100]);
    assert!(delays[APPENDS / 2] <= Duration::from_millis(20), "{delays:?}");
}

/// How many appends another process waits for.
const APPENDS: usize = 100;

#[test]
fn a_projector_makes_the_lists_with_the_mac_keys_alone() {
    let host = Host::new();
    let command_service = host.start("command-service");
    let operator = host.operator(&command_service);
    let part = host.home.path().join("mac-keys");
    let terminal =
        Terminal::new(host.home.path()).set("KEYLEDGER_SERVER__DATA_DIR", &host.data().to_string_lossy());
    terminal.run(&["keyring", "split", "--to", &part.to_string_lossy()]).exited(0);
    let settings = [("KEYLEDGER_KEYRING__PATH".to_owned(), part.to_string_lossy().into_owned())];
    let mut projector = RoleProcess::start("projector", &host.data(), &settings);
    projector.expect_live();
    let minted = created(&operator, "a key");
    assert!(minted.get("applied").is_none(), "it is in the lists: {minted}");
}
