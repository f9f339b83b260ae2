//! Secrets that the test knows go through every route and command, and into every place where somebody could paste one by
//! mistake, while everything is logged that can be. Afterwards none of them is found anywhere.

mod pasted;
mod trail;

use std::fs;
use std::path::Path;

use keyledger_tests::{Created, Launch, Needles, Terminal, unknown_secret};
use rusqlite::Connection;
use serde_json::{Value, json};

use trail::Trail;

#[test]
fn no_secret_is_found_anywhere_but_in_the_answer_that_shows_it() {
    let home = tempfile::tempdir().expect("a temporary directory");
    let everything = [("KEYLEDGER_TELEMETRY__LOG_LEVEL", "trace")];
    let mut launch = Launch::on(home.path(), &everything);
    launch.expect_ready();
    let operator =
        fs::read_to_string(launch.addresses().operator_key_file.clone()).expect("the operator key");
    let mut trail = Trail::new(launch.addresses().clone(), operator.trim());

    let mut secrets = vec![operator.trim().to_owned(), unknown_secret()];
    let keys = live_a_life(&mut trail);
    secrets.extend(keys.iter().map(|key| key.secret.clone()));
    secrets.extend(at_a_terminal(home.path(), &mut trail));
    // The operator's, one that nobody minted, one that works and one that was revoked.
    for secret in [&secrets[0], &secrets[1], &keys[0].secret, &keys[1].secret] {
        pasted::everywhere(&mut trail, secret, &keys[0]);
    }
    // The operator's own key was used in all that, and still stands.
    trail.manage("GET", "/v1/scopes", &Value::Null, 200);
    trail.ops("/metrics");
    trail.ops("/readyz");

    let (said, asked) = (launch.said(), trail.answers().len());
    assert!(said.contains("\"TRACE\"") && said.len() > 100 * asked, "not everything was logged that can be");
    println!("{asked} answers, {} bytes of logs, {} secrets", said.len(), secrets.len());

    let needles = Needles::of(&secrets);
    for file in ["cmdline", "environ"] {
        let path = format!("/proc/{}/{file}", launch.pid());
        needles.are_not_in(&path, &fs::read(&path).expect("the system tells about a process"));
    }
    for (request, answer) in trail.answers() {
        needles.are_not_in(&format!("the answer to {request}"), answer);
    }
    // Once while it runs, with what is not in the database yet, and once after it has tidied up.
    search(home.path(), &needles);
    assert!(launch.terminate().success(), "{}", launch.said());
    search(home.path(), &needles);
    keyring_stays_in_its_file(home.path(), &trail);
}

/// Every command on keys over HTTP, with keys in every state.
fn live_a_life(trail: &mut Trail) -> Vec<Created> {
    let scopes = json!({ "name": "billing", "scopes": ["client:read"] });
    let create = |trail: &mut Trail| trail.secret("/v1/partners/acme/keys", &scopes, 201);
    let (live, revoked, old) = (create(trail), create(trail), create(trail));
    let new = trail.secret(&old.at("regenerate"), &json!({ "overlapSeconds": 600 }), 200);
    trail.manage("POST", &old.at("end-overlap"), &Value::Null, 200);
    trail.manage("PATCH", &live.path(), &json!({ "name": "invoices", "scopes": ["site:read"] }), 200);
    trail.manage("POST", &revoked.at("revoke"), &json!({ "reason": "it leaked" }), 200);
    let by_prefix = json!({ "prefix": new.prefix, "reason": "it leaked too" });
    trail.manage("POST", "/v1/revocations", &by_prefix, 200);
    for path in ["/v1/partners/acme/keys", "/v1/events", "/v1/scopes", "/openapi.json"] {
        trail.manage("GET", path, &Value::Null, 200);
    }
    trail.manage("GET", &live.path(), &Value::Null, 200);
    trail.manage("GET", &live.at("history"), &Value::Null, 200);
    vec![live, revoked, old, new]
}

/// The same from a terminal, where only stdout of two commands may show a secret.
fn at_a_terminal(home: &Path, trail: &mut Trail) -> Vec<String> {
    let terminal = Terminal::new(home)
        .set("KEYLEDGER_SERVER__DATA_DIR", &home.join("data").to_string_lossy())
        .set("KEYLEDGER_CLIENT__URL", &trail.addresses().command);
    let mut secrets = Vec::new();
    let mut run = |arguments: &[&str]| {
        let ran = terminal.run(&[arguments, &["--json"]].concat()).exited(0);
        let mut said: Value = serde_json::from_str(&ran.stdout).unwrap_or(Value::Null);
        if let Some(Value::String(secret)) = said.get_mut("secret").map(Value::take) {
            secrets.push(secret);
            trail.keep(arguments.join(" "), said.to_string().into_bytes());
        } else {
            trail.keep(arguments.join(" "), ran.stdout.clone().into_bytes());
        }
        trail.keep(arguments.join(" "), ran.stderr.into_bytes());
        said
    };
    let created =
        run(&["keys", "create", "--partner", "globex", "--name", "billing", "--scope", "client:read"]);
    let key = created["key"]["keyId"].as_str().expect("the id of a key").to_owned();
    let of = ["--partner", "globex", "--key", &key];
    run(&[&["keys", "regenerate"], &of[..]].concat());
    run(&[&["keys", "show"], &of[..]].concat());
    run(&["keys", "list", "--partner", "globex"]);
    run(&[&["keys", "history"], &of[..]].concat());
    run(&["config", "show"]);
    run(&["projections", "status"]);
    run(&["keyring", "status"]);
    run(&[&["keys", "revoke"], &of[..]].concat());
    assert_eq!(secrets.len(), 2, "two commands showed a secret");
    secrets
}

/// Looks into every file below a folder but the one that holds the operator key on purpose.
fn search(folder: &Path, needles: &Needles) {
    for (path, bytes) in files(folder) {
        if !path.ends_with("data/operator-key") {
            needles.are_not_in(&path, &bytes);
        }
    }
}

/// Peppers and MAC keys are in the keyring alone, and no verifier is told to anybody.
fn keyring_stays_in_its_file(home: &Path, trail: &Trail) {
    let keyring = fs::read_to_string(home.join("data/keyring")).expect("the keyring");
    let keyring: toml::Table = keyring.parse().expect("a keyring is TOML");
    let keys = ["pepper", "mac"].iter().flat_map(|kind| keyring[*kind].as_array().expect("keys").iter());
    let keys: Vec<_> =
        keys.map(|key| hex::decode(key["key"].as_str().expect("a key")).expect("hexadecimal")).collect();
    let keys = Needles::of_bytes(&keys);
    for (path, bytes) in files(home) {
        if !path.ends_with("data/keyring") {
            keys.are_not_in(&path, &bytes);
        }
    }
    let log = Connection::open(home.join("data/log.db")).expect("the log");
    let mut query = log.prepare("SELECT private FROM events").expect("the table of events");
    let parts = query.query_map([], |row| row.get::<_, Vec<u8>>(0)).expect("private parts");
    let digests: Vec<_> = parts
        .map(|part| serde_json::from_slice::<Value>(&part.expect("a row")).expect("a part is JSON"))
        .filter_map(|part| hex::decode(part["verifier"]["digest"].as_str()?).ok())
        .collect();
    assert!(digests.len() > 5, "verifiers of the keys are in the log");
    let digests = Needles::of_bytes(&digests);
    for (request, answer) in trail.answers() {
        keys.are_not_in(request, answer);
        digests.are_not_in(request, answer);
    }
    for (path, bytes) in files(home).into_iter().filter(|(path, _)| path.ends_with(".log")) {
        digests.are_not_in(&path, &bytes);
    }
}

/// Every file below a folder, by its path.
fn files(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let entries = fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path());
    entries
        .flat_map(|path| match path.is_dir() {
            true => files(&path),
            false => vec![(path.display().to_string(), fs::read(&path).expect("a file"))],
        })
        .collect()
}
