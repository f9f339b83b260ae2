//! A log that moves house: from a file into a database and back, while the registry is used; copies that are killed; and
//! what is never copied, or copied over.

use std::fs::{self, OpenOptions};
use std::io::Read as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::process::{Child, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use keyledger_event_log_postgres::PostgresLog;
use keyledger_event_log_sqlite::SqliteLog;
use keyledger_tests::{Dice, Registry, Terminal, within};
use rusqlite::Connection;
use serde_json::{Value, json};

use crate::{SERVER, parsed};

/// How long a copy may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

fn new_url() -> String {
    let server = SERVER.get();
    server.url(&server.new_database())
}

fn database_of(url: &str) -> &str {
    url.rsplit('/').next().expect("a database")
}

/// What a registry answers that must be the same wherever its log is.
fn answers(registry: &Registry) -> Value {
    let operator = registry.operator();
    let get = |path: &str| operator.get(path).send().expecting(200).text();
    json!([get("/v1/partners/acme/keys?limit=200"), get("/v1/scopes"), get("/v1/events")])
}

/// Who holds which claim, in the order of the claims.
fn claims_in_file(path: &Path) -> Vec<String> {
    let db = Connection::open(path).expect("the log");
    let mut statement =
        db.prepare("SELECT claim || '|' || stream FROM claims ORDER BY claim").expect("claims");
    let rows = statement.query_map((), |row| row.get(0)).expect("claims");
    rows.collect::<Result<_, _>>().expect("claims")
}

fn claims_in_database(url: &str) -> Vec<String> {
    let said = SERVER
        .get()
        .run(database_of(url), "SELECT claim || '|' || stream FROM claims ORDER BY claim COLLATE \"C\"");
    said.lines().map(str::to_owned).collect()
}

/// A copy that runs beside the test.
struct Following(Child);

impl Following {
    fn start(terminal: &Terminal, home: &Path, arguments: &[&str]) -> Self {
        let said = OpenOptions::new()
            .create(true)
            .truncate(true)
            .write(true)
            .mode(0o600)
            .open(home.join("copy.log"));
        let mut command = terminal.command();
        command.args(arguments).stdout(Stdio::piped()).stderr(said.expect("a file"));
        Self(command.spawn().expect("the binary can be started"))
    }

    /// Asks it to end, and reads what it said.
    fn end(mut self) -> String {
        let pid = self.0.id();
        let sent = std::process::Command::new("sh").arg("-c").arg(format!("kill -INT {pid}")).status();
        assert!(sent.expect("there is a shell").success());
        let status = within(PATIENCE, || self.0.try_wait().expect("a child can be asked"));
        let mut said = String::new();
        self.0.stdout.take().expect("a pipe").read_to_string(&mut said).expect("text");
        assert!(status.is_some_and(|status| status.success()), "{status:?}: {said}");
        said
    }
}

impl Drop for Following {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn a_registry_moves_into_a_database_and_back_while_it_is_used() {
    let mut registry = Registry::start();
    let (data, url) = (registry.data_dir(), new_url());
    let kept = registry.create("acme", "kept", &["client:read"]);
    let rotated = registry.create("acme", "rotated", &["client:read"]);
    let rotated_again = registry.regenerate(&rotated, 3_600);
    let revoked = registry.create("acme", "revoked", &["client:read"]);
    registry.revoke(&revoked);
    let body = json!({ "name": "once", "scopes": ["client:read"] });
    let once = |registry: &Registry| {
        let asked =
            registry.operator().post("/v1/partners/acme/keys", &body).header("idempotency-key", "one");
        asked.send().expecting(201).json()["key"].clone()
    };
    let first = once(&registry);

    let from = data.to_string_lossy().into_owned();
    let terminal = registry.terminal();
    let copy = ["log", "copy", "--from", &from, "--to", &url, "--follow", "--finish"];
    let following = Following::start(&terminal, registry.home(), &copy);
    // While it follows, the registry goes on.
    let said = registry.home().join("copy.log");
    for number in 0.. {
        registry.create("acme", &format!("meanwhile {number}"), &["client:read"]);
        if fs::read_to_string(&said).expect("its words").contains("Both hold the same") && number >= 20 {
            break;
        }
        assert!(number < 5_000, "it never follows: {}", fs::read_to_string(&said).expect("its words"));
    }
    let before = answers(&registry);
    let began = Instant::now();
    registry.stop();
    let said = following.end();
    assert!(said.contains("is complete, and can be served from"), "{said}");
    let in_database = [("KEYLEDGER_LOG__STORE", "postgres"), ("KEYLEDGER_LOG__URL", url.as_str())];
    registry.restart_with(&in_database);
    println!("no writes for {:?}", began.elapsed());
    assert_eq!(answers(&registry), before);
    assert_eq!(once(&registry), first, "an idempotency key of before is known");
    for (secret, status) in
        [(&kept.secret, 200), (&rotated.secret, 200), (&rotated_again.secret, 200), (&revoked.secret, 403)]
    {
        assert_eq!(registry.health(secret).status, status);
    }
    assert_eq!(claims_in_database(&url), claims_in_file(&data.join("log.db")));

    // And back, into the place where the old one lay.
    registry.create("acme", "in the database", &["client:read"]);
    let before = answers(&registry);
    registry.stop();
    let back = ["log", "copy", "--from", &url, "--to", &from, "--finish", "--json"];
    let refusal = terminal.run(&back).exited(1);
    assert!(
        refusal.error_line().contains("is a log already, and the source goes on differently"),
        "{}",
        refusal.stderr
    );
    fs::rename(data.join("log.db"), data.join("log.old.db")).expect("put away");
    let told = terminal.run(&back).exited(0).json();
    assert_eq!(told["finished"], true, "{told}");
    registry.restart_with(&[]);
    assert_eq!(answers(&registry), before);
    assert_eq!(once(&registry), first);
    assert_eq!(claims_in_file(&data.join("log.db")), claims_in_database(&url));
}

/// A registry that was stopped, with so many keys.
fn stopped_with(keys: usize) -> Registry {
    const CLIENTS: usize = 8;
    let mut registry = Registry::start();
    thread::scope(|scope| {
        for client in 0..CLIENTS {
            let registry = &registry;
            scope.spawn(move || {
                for number in 0..keys / CLIENTS {
                    registry.create("acme", &format!("{client} {number}"), &["client:read"]);
                }
            });
        }
    });
    registry.stop();
    registry
}

#[test]
fn a_copy_that_is_killed_at_any_moment_can_be_opened_by_nobody_and_is_gone_on_with() {
    let registry = stopped_with(1_200);
    let mut dice = Dice::thrown_for("killed copies");
    let (from, terminal) = (registry.data_dir().to_string_lossy().into_owned(), registry.terminal());
    let directory = tempfile::tempdir().expect("a directory");
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let mut whole = Vec::new();
    for round in 0..2 {
        let file = directory.path().join(format!("{round}/log.db"));
        let place = if round == 0 { file.to_string_lossy().into_owned() } else { new_url() };
        let copy = ["log", "copy", "--from", &from, "--to", &place, "--json"];
        let mut landed = 0;
        for _ in 0..12 {
            let mut child = terminal.command().args(copy).stdout(Stdio::null()).spawn().expect("it starts");
            thread::sleep(Duration::from_millis(dice.below(100)));
            child.kill().expect("a child can be killed");
            landed += u32::from(child.wait().expect("it ends").code().is_none());
            let opened = if round == 0 {
                SqliteLog::open(&file).is_ok()
            } else {
                runtime.block_on(PostgresLog::open(&parsed(&place))).is_ok()
            };
            assert!(!opened, "a copy that was not finished is opened as a log");
        }
        assert!(landed >= 3, "the kills came too late: {landed}");
        let told = terminal.run(&copy).exited(0).json();
        assert_eq!((&told["finished"], &told["position"]), (&json!(false), &json!(1_202)), "{told}");
        let finish = terminal.run(&[&copy[..], &["--finish"]].concat()).exited(0).json();
        assert_eq!((&finish["finished"], &finish["copied"]), (&json!(true), &json!(0)), "{finish}");
        // Who does not know whether it was done asks again.
        let again = terminal.run(&[&copy[..], &["--finish"]].concat()).exited(0).json();
        assert_eq!(again["digest"], finish["digest"]);
        let claims = if round == 0 { claims_in_file(&file) } else { claims_in_database(&place) };
        whole.push((finish["digest"].clone(), claims));
    }
    assert_eq!(whole[0], whole[1]);
    assert_eq!(whole[0].1, claims_in_file(&registry.data_dir().join("log.db")));
}

#[test]
fn an_unfinished_copy_is_no_place_to_serve_from_or_to_begin_in() {
    let mut registry = Registry::start();
    let url = new_url();
    let from = registry.data_dir().to_string_lossy().into_owned();
    let home = tempfile::tempdir().expect("a directory");
    let data = home.path().join("data");
    let terminal = registry.terminal();
    for to in [&url, &data.to_string_lossy().into_owned()] {
        let said = terminal.run(&["log", "copy", "--from", &from, "--to", to]).exited(0).stdout;
        assert!(said.contains("Nobody can serve from"), "{said}");
    }
    fs::copy(registry.data_dir().join("keyring"), data.join("keyring")).expect("a copy");
    let refused = |settings: &[(&str, &str)]| {
        let mut launch = keyledger_tests::Launch::on(home.path(), settings);
        launch.expect_refusal(&["copy of a log that was not finished", "keyledger log copy --finish"]);
    };
    refused(&[]);
    refused(&[("KEYLEDGER_LOG__STORE", "postgres"), ("KEYLEDGER_LOG__URL", &url)]);
    // Nor is it finished while somebody writes to its source.
    let finish = ["log", "copy", "--from", &from, "--to", &url, "--finish"];
    let refusal = terminal.run(&finish).exited(1);
    assert!(refusal.error_line().contains("keyledger serve (pid "), "{}", refusal.stderr);
    registry.stop();
    terminal.run(&finish).exited(0);
}

#[test]
fn what_is_not_authentic_is_not_copied_and_what_differs_is_not_copied_over() {
    let registry = stopped_with(40);
    let directory = tempfile::tempdir().expect("a directory");
    let terminal = registry.terminal();
    let path = |name: &str| directory.path().join(name).to_string_lossy().into_owned();
    let from = registry.data_dir().join("log.db");
    let change = |file: &str, sql: &str| {
        Connection::open(file).and_then(|db| db.execute_batch(sql)).expect("somebody writes to it");
    };
    let refusal = |from: &str, to: &str, words: &str| {
        let ran = terminal.run(&["log", "copy", "--from", from, "--to", to, "--finish"]).exited(1);
        assert!(ran.error_line().contains(words), "{}", ran.stderr);
    };
    let forged = path("forged.db");
    fs::copy(&from, &forged).expect("a copy");
    let altered = "CAST(replace(CAST(public AS TEXT), 'client:read', 'client:reed') AS BLOB)";
    change(&forged, &format!("UPDATE events SET public = {altered} WHERE position = 17"));
    refusal(&forged, &path("of-forged.db"), "the event at position 17 is not to be believed");
    let shorter = path("without.db");
    fs::copy(&from, &shorter).expect("a copy");
    change(&shorter, "DELETE FROM events WHERE position = 20");
    refusal(&shorter, &path("of-without.db"), "events are missing: behind position 19 stands 21");

    let from = from.to_string_lossy().into_owned();
    let half = path("half.db");
    terminal.run(&["log", "copy", "--from", &from, "--to", &half]).exited(0);
    change(&half, "UPDATE events SET private = x'' WHERE position = 30");
    refusal(&from, &half, "the target holds another event at position 30");
    let other = Registry::start();
    refusal(&from, &other.data_dir().to_string_lossy(), "holds log ");
    let whole = path("whole.db");
    terminal.run(&["log", "copy", "--from", &from, "--to", &whole]).exited(0);
    change(&half, "DELETE FROM events WHERE position > 12");
    refusal(&half, &whole, "was not finished");
}
