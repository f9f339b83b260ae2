//! Validators in processes of their own report how far they have come: receipts, the list, the snapshot they begin with.

use std::fs::{self, DirBuilder};
use std::os::unix::fs::DirBuilderExt;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use keyledger_tests::{Answer, Created, Registry, RoleProcess, within};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::SERVER;

const PATIENCE: Duration = Duration::from_secs(20);

/// A registry on a database, and validators on other machines that report to it.
struct Reporting {
    registry: Registry,
    log: Vec<(String, String)>,
    homes: TempDir,
}

impl Reporting {
    fn start() -> Self {
        let server = SERVER.get();
        let url = server.url(&server.new_database());
        let log = [("KEYLEDGER_LOG__STORE", "postgres"), ("KEYLEDGER_LOG__URL", url.as_str())];
        let registry = Registry::with(&log);
        let log = log.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec();
        Self { registry, log, homes: tempfile::tempdir().expect("a directory") }
    }

    fn data(&self, name: &str) -> PathBuf {
        self.homes.path().join(name).join("data")
    }

    /// A validator that is called so, on a machine of its own, with a hard bound in seconds.
    fn validator(&self, name: &str, hard_bound: u32) -> RoleProcess {
        let data = self.data(name);
        if !data.exists() {
            DirBuilder::new().recursive(true).mode(0o700).create(&data).expect("a directory");
            let keyring = self.registry.data_dir().join("keyring");
            fs::copy(keyring, data.join("keyring")).expect("a copy of the keyring");
        }
        let mut settings = self.log.clone();
        for (setting, value) in [
            ("KEYLEDGER_VALIDATOR__COMMAND_SERVICES", self.registry.addresses().command.clone()),
            ("KEYLEDGER_VALIDATOR__NAME", name.to_owned()),
            ("KEYLEDGER_VALIDATOR__SOFT_BOUND", "1s".to_owned()),
            ("KEYLEDGER_VALIDATOR__HARD_BOUND", format!("{hard_bound}s")),
        ] {
            settings.push((setting.to_owned(), value));
        }
        let mut validator = RoleProcess::start("validator", &data, &settings);
        validator.expect_live();
        validator
    }

    fn known(&self) -> Vec<Value> {
        let known = self.registry.operator().get("/v1/validators").send().expecting(200).json();
        known["validators"].as_array().expect("a list").clone()
    }

    /// Waits until so many validators count.
    #[track_caller]
    fn expect_counting(&self, expected: usize) {
        let counting = || self.known().iter().filter(|known| known["counts"] == true).count();
        let so = within(PATIENCE, || (counting() == expected).then_some(()));
        assert!(so.is_some(), "{} validators should count: {:?}", expected, self.known());
    }

    /// Revokes a key and waits for the validators; the receipt, and how long the answer took.
    fn revoke(&self, key: &Created) -> (Value, Duration) {
        let began = Instant::now();
        let revoke = self.registry.operator().post(&key.at("revoke"), &json!({ "waitFor": "validators" }));
        let answer: Answer = revoke.send().expecting(200);
        (answer.json()["validators"].clone(), began.elapsed())
    }
}

fn status(validator: &RoleProcess, key: &Created) -> u16 {
    validator.validator().expect("it listens").get("/v1/health").key(&key.secret).send().status
}

#[test]
fn once_a_receipt_confirms_it_no_validator_lets_a_revoked_key_through() {
    let reporting = Reporting::start();
    let validators = ["edge-1", "edge-2"].map(|name| reporting.validator(name, 60));
    reporting.expect_counting(2);
    let mut delays = Vec::new();
    for number in 0..if keyledger_tests::soak() { 1_000 } else { 100 } {
        let key = reporting.registry.create("acme", &format!("key {number}"), &["client:read"]);
        for validator in &validators {
            assert!(within(PATIENCE, || (status(validator, &key) == 200).then_some(())).is_some());
        }
        let (receipt, delay) = reporting.revoke(&key);
        assert_eq!(receipt["confirmed"], json!(["edge-1", "edge-2", "serve"]), "{receipt}");
        assert_eq!(receipt["unconfirmed"], json!([]));
        for validator in &validators {
            assert_eq!(status(validator, &key), 403, "it was confirmed");
        }
        delays.push(delay);
    }
    delays.sort_unstable();
    let at = |part: usize| delays[delays.len() * part / 100];
    println!(
        "confirmed by two validators: p50 {:?}, p99 {:?}, longest {:?}",
        at(50),
        at(99),
        delays[delays.len() - 1]
    );

    let key = reporting.registry.create("acme", "regenerated", &["client:read"]);
    let body = json!({ "overlapSeconds": 0, "waitFor": "validators" });
    let minted =
        reporting.registry.operator().post(&key.at("regenerate"), &body).send().expecting(200).json();
    assert_eq!(minted["validators"]["confirmed"], json!(["edge-1", "edge-2", "serve"]), "{minted}");
    validators.iter().for_each(|validator| assert_eq!(status(validator, &key), 403));

    let key = reporting.registry.create("acme", "leaked", &["client:read"]);
    let body = json!({ "prefix": key.prefix, "reason": "leaked", "waitFor": "validators" });
    let told = reporting.registry.operator().post("/v1/revocations", &body).send().expecting(200).json();
    assert_eq!(told["validators"]["unconfirmed"], json!([]), "{told}");
    validators.iter().for_each(|validator| assert_eq!(status(validator, &key), 403));
}

#[test]
fn a_silent_validator_is_named_with_when_even_it_refuses_and_counts_no_more_after_its_bound() {
    let reporting = Reporting::start();
    let awake = reporting.validator("awake", 13);
    let frozen = reporting.validator("frozen", 13);
    reporting.expect_counting(2);
    let key = reporting.registry.create("acme", "a", &["client:read"]);
    for validator in [&awake, &frozen] {
        assert!(within(PATIENCE, || (status(validator, &key) == 200).then_some(())).is_some());
    }
    frozen.signal("STOP");
    let (receipt, delay) = reporting.revoke(&key);
    assert_eq!(
        (&receipt["confirmed"], &receipt["unconfirmed"]),
        (&json!(["awake", "serve"]), &json!(["frozen"]))
    );
    assert!((9..=12).contains(&delay.as_secs()), "it waits for 10 s: {delay:?}");
    assert!(receipt["safeAt"].is_string(), "{receipt}");
    assert_eq!(status(&awake, &key), 403);
    reporting.expect_counting(1);
    let next = reporting.registry.create("acme", "b", &["client:read"]);
    let (receipt, delay) = reporting.revoke(&next);
    assert_eq!((&receipt["confirmed"], &receipt["unconfirmed"]), (&json!(["awake", "serve"]), &json!([])));
    assert!(delay < Duration::from_secs(8), "nobody waits for one that lets nothing through: {delay:?}");
    frozen.signal("CONT");
    reporting.expect_counting(2);
    // Past its bound it knows nothing, until it has read on.
    let refuses = || {
        let status = status(&frozen, &key);
        assert_ne!(status, 200, "it was revoked");
        (status == 403).then_some(())
    };
    assert!(within(PATIENCE, refuses).is_some(), "{}", frozen.said());

    awake.signal("TERM");
    reporting.expect_counting(1);
    let (receipt, delay) = reporting.revoke(&reporting.registry.create("acme", "c", &["client:read"]));
    assert_eq!(receipt["unconfirmed"], json!([]), "one that ended in order said so: {receipt}");
    assert!(delay < Duration::from_secs(8), "{delay:?}");
}

#[test]
fn a_new_validator_begins_with_a_fetched_snapshot_and_believes_none_that_the_keyring_did_not_make() {
    let reporting = Reporting::start();
    let key = reporting.registry.create("acme", "a", &["client:read"]);
    let first = reporting.validator("first", 60);
    assert_eq!(status(&first, &key), 200);
    assert!(first.said().contains("a snapshot of the key index was fetched"), "{}", first.said());
    drop(first);
    let kept = reporting.data("first").join("snapshots/key-index.snapshot");
    let mut bytes = fs::read(&kept).expect("the snapshot that it fetched");
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(&kept, bytes).expect("a damaged one");
    let again = reporting.validator("first", 60);
    assert_eq!(status(&again, &key), 200);
    assert!(again.said().contains("a snapshot of the key index is ignored"), "{}", again.said());
    assert!(!again.said().contains("was fetched"), "the log itself is the way back: {}", again.said());
}

#[test]
fn nobody_without_the_keyring_reports_or_gets_a_snapshot() {
    let registry = Registry::start();
    for path in ["/v1/validators/reports", "/v1/validators/snapshot"] {
        for key in [None, Some(registry.operator_key())] {
            let call = registry.operator().call("POST", path).body("application/json", b"{}");
            let call =
                key.iter().fold(call, |call, key| call.key(key)).header("x-keyledger-mac", &"00".repeat(36));
            let refused = call.send();
            assert_eq!(
                (refused.status, refused.json()["code"].clone()),
                (401, json!("no-identity")),
                "{path}"
            );
        }
    }
    assert_eq!(
        registry.operator().get("/v1/validators").send().expecting(200).json(),
        json!({ "validators": [] })
    );
    let admin = registry.create("acme", "admin", &["registryKeys:read", "registryKeys:write"]);
    assert_eq!(registry.management(&admin.secret).get("/v1/validators").send().status, 403);
}

#[test]
fn the_command_line_lists_validators_and_tells_of_a_receipt() {
    let reporting = Reporting::start();
    let terminal = reporting.registry.terminal();
    let empty = terminal.run(&["validators"]).exited(0);
    assert!(empty.stderr.contains("validator.command_services tells each where to"), "{empty:?}");
    let _edge = reporting.validator("edge-1", 60);
    reporting.expect_counting(1);
    let listed = terminal.run(&["validators"]).exited(0);
    assert!(listed.stdout.contains("edge-1") && listed.stdout.contains("s ago"), "{listed:?}");
    let key = reporting.registry.create("acme", "a", &["client:read"]);
    let revoke = ["revoke", "--prefix", &key.prefix, "--reason", "leaked", "--wait-for-validators"];
    let told = terminal.run(&revoke).exited(0);
    assert!(told.stderr.contains("In force at edge-1, serve; everywhere from "), "{told:?}");
}
