//! A registry without the keyring it had, or with a part of it, says so and judges nobody: a wave of 403 would tell every
//! partner that its keys are dead.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use keyledger_tests::{Answer, Client, Created, Launch, Registry};
use serde_json::json;

/// A registry that was stopped, and a key of it that is good.
fn stopped() -> (Registry, Created) {
    let mut registry = Registry::start();
    let key = registry.create("acme", "billing", &["client:read"]);
    assert_eq!(registry.health(&key.secret).status, 200);
    assert!(registry.stop().success(), "{}", registry.stderr());
    (registry, key)
}

/// Starts it with what lies there as its keyring: it refuses, says why, and does not judge the key meanwhile.
#[track_caller]
fn refuses(home: &Path, key: &Created, words: &[&str]) {
    let mut launch = Launch::on(home, &[]);
    launch.expect_refusal(words);
    let validator = Client::new(&launch.addresses().validator, None);
    // Where it has ended nobody answers, which is no 403 either.
    let health = validator.get("/v1/health").key(&key.secret).try_send().ok();
    assert!(health.as_ref().is_none_or(|answer| answer.status == 503), "{:?}", health.map(|a| a.text()));
    let verdict = validator.post("/v1/verify", &json!({ "key": key.secret })).try_send().ok();
    assert!(verdict.as_ref().is_none_or(|answer| answer.status == 503), "{:?}", verdict.map(|a| a.text()));
    let command = Client::new(&launch.addresses().command, Some(&key.secret));
    let list = command.get("/v1/partners/acme/keys").try_send().ok();
    assert!(list.as_ref().is_none_or(|answer| answer.status == 503), "{:?}", list.as_ref().map(Answer::text));
}

/// Starts it with the keyring it had: all is as before.
#[track_caller]
fn recovers(mut registry: Registry, keyring: &[u8], key: &Created) {
    write_keyring(&registry.data_dir().join("keyring"), keyring);
    registry.restart();
    assert_eq!(registry.health(&key.secret).status, 200);
}

fn write_keyring(path: &Path, bytes: &[u8]) {
    fs::write(path, bytes).expect("the keyring can be written");
    fs::set_permissions(path, fs::Permissions::from_mode(0o600)).expect("its mode can be set");
}

/// A keyring without the tables of one name (`pepper`, `mac`).
fn without(keyring: &str, table: &str) -> String {
    let mut parsed: toml::Table = keyring.parse().expect("a keyring is TOML");
    assert!(parsed.remove(table).is_some(), "a keyring has the table {table}");
    parsed.to_string()
}

#[test]
fn a_missing_keyring_is_named_and_never_made_anew() {
    let (registry, key) = stopped();
    let path = registry.data_dir().join("keyring");
    let keyring = fs::read(&path).expect("a keyring");
    for models in [true, false] {
        if !models {
            forget_models(&registry.data_dir());
        }
        fs::remove_file(&path).expect("the keyring can be removed");
        refuses(registry.home(), &key, &["keyring"]);
        assert!(!path.exists(), "a directory with a log got a new keyring");
        write_keyring(&path, &keyring);
    }
    recovers(registry, &keyring, &key);
}

#[test]
fn the_keyring_of_another_registry_is_refused() {
    let (registry, key) = stopped();
    let path = registry.data_dir().join("keyring");
    let keyring = fs::read(&path).expect("a keyring");
    let (other, _) = stopped();
    let foreign = fs::read(other.data_dir().join("keyring")).expect("a keyring");
    write_keyring(&path, &foreign);
    refuses(registry.home(), &key, &["keyring"]);
    recovers(registry, &keyring, &key);
}

#[test]
fn a_keyring_with_other_keys_under_the_right_name_is_refused() {
    let (registry, key) = stopped();
    let path = registry.data_dir().join("keyring");
    let keyring = fs::read_to_string(&path).expect("a keyring");
    let (other, _) = stopped();
    let foreign = fs::read_to_string(other.data_dir().join("keyring")).expect("a keyring");
    let log = |text: &str| {
        let parsed: toml::Table = text.parse().expect("a keyring is TOML");
        parsed["log"].as_str().expect("a keyring names its log").to_owned()
    };
    write_keyring(&path, foreign.replace(&log(&foreign), &log(&keyring)).as_bytes());
    refuses(registry.home(), &key, &["keyring"]);
    recovers(registry, keyring.as_bytes(), &key);
}

#[test]
fn half_a_keyring_is_refused_whichever_half_it_is() {
    let (registry, key) = stopped();
    let path = registry.data_dir().join("keyring");
    let keyring = fs::read_to_string(&path).expect("a keyring");
    for half in ["pepper", "mac"] {
        write_keyring(&path, without(&keyring, half).as_bytes());
        refuses(registry.home(), &key, &["keyring"]);
    }
    recovers(registry, keyring.as_bytes(), &key);
}

#[test]
fn a_keyring_that_others_may_read_is_refused() {
    let (registry, key) = stopped();
    let path = registry.data_dir().join("keyring");
    let keyring = fs::read(&path).expect("a keyring");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).expect("its mode can be set");
    refuses(registry.home(), &key, &["keyring", "chmod"]);
    recovers(registry, &keyring, &key);
}

fn forget_models(data: &Path) {
    fs::remove_dir_all(data.join("snapshots")).expect("the snapshots can be removed");
    for file in ["read-models.db", "read-models.db-wal", "read-models.db-shm"] {
        // After a clean stop SQLite leaves one file.
        let _ = fs::remove_file(data.join(file));
    }
}
