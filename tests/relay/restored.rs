//! A registry that was restored from a backup, and the topics that know more than the backup did: what was revoked since is
//! taken from them, the relay waits to be told, and what consumers then see is the log.

use std::collections::HashSet;
use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use keyledger_tests::{Created, Record, Registry, Terminal, within};
use serde_json::{Value, json};

use crate::SHARED;
use crate::scene::{key_events, keys, own_prefix, published, publishing, registry_with, relay_of};

/// How long a relay may take to say that it stopped.
const PATIENCE: Duration = Duration::from_secs(30);

struct House {
    registry: Registry,
    prefix: String,
    settings: Vec<(String, String)>,
    backup: PathBuf,
    lost: u32,
}

impl House {
    fn with_partitions(partitions: &str) -> Self {
        let prefix = own_prefix();
        let mut settings = publishing(SHARED.get(), &prefix);
        settings.push(("KEYLEDGER_KAFKA__PARTITIONS".to_owned(), partitions.to_owned()));
        let registry = registry_with(&settings);
        let backup = registry.home().join("backup");
        Self { registry, prefix, settings, backup, lost: 0 }
    }

    fn terminal(&self) -> Terminal {
        self.settings
            .iter()
            .fold(self.registry.terminal(), |terminal, (name, value)| terminal.set(name, value))
    }

    fn back_up(&self) {
        self.terminal().run(&["backup", "--to", &self.backup.to_string_lossy()]).exited(0);
    }

    /// The disk is gone but for the keyring and the operator key, and the backup is put in its place.
    fn lose_and_restore(&mut self) -> Value {
        self.registry.stop();
        self.lost += 1;
        let data = self.registry.data_dir();
        let safe = self.registry.home().join(format!("lost-{}", self.lost));
        fs::rename(&data, &safe).expect("put away");
        fs::create_dir(&data).expect("a directory");
        for file in ["keyring", "operator-key"] {
            fs::copy(safe.join(file), data.join(file)).expect("a copy, as private as it was");
        }
        let from = self.backup.to_string_lossy().into_owned();
        let command = ["restore", "--from", &from, "--revocations-from", "kafka", "--json"];
        self.terminal().run(&command).exited(0).json()
    }

    /// Nothing is published before somebody says so, and nothing else suffers.
    fn waits_to_be_told(&mut self) {
        self.registry.restart();
        let told = within(PATIENCE, || {
            let relay = relay_of(&self.registry);
            relay["reason"].as_str().filter(|reason| reason.starts_with("it stopped")).map(str::to_owned)
        });
        let told = told.unwrap_or_else(|| panic!("{}", relay_of(&self.registry)));
        assert!(told.contains("`keyledger kafka continue`"), "{told}");
        self.registry.ops().get("/readyz").send().expecting(200);
    }

    fn goes_on(&mut self) -> Value {
        let refused = self.terminal().run(&["kafka", "continue"]).exited(1);
        assert!(refused.error_line().contains("keyledger serve (pid "), "{}", refused.stderr);
        self.registry.stop();
        let told = self.terminal().run(&["kafka", "continue", "--json"]).exited(0).json();
        let again = self.terminal().run(&["kafka", "continue", "--json"]).exited(0).json();
        assert_eq!(again["changed"], false, "{again}");
        self.registry.restart();
        told
    }

    /// Reads the topics as a consumer does that passes over what it has.
    fn is_consistent(&self) {
        published(&self.registry);
        let events = key_events(SHARED.get(), &self.prefix);
        let mut seen = HashSet::new();
        let mut last = std::collections::HashMap::new();
        for record in &events {
            let pair = place(record);
            let before = last.insert(record.partition, pair);
            assert!(before.is_none_or(|before| before < pair), "{before:?} before {pair:?}");
            if record.header("ce_type") != Some("keyledger.LogRestored.v1") {
                assert!(seen.insert(pair), "{pair:?} twice");
            }
        }
        let verified = self.terminal().run(&["kafka", "verify", "--json"]);
        assert_eq!(verified.code, Some(0), "{}{}", verified.stdout, verified.stderr);
        // What the compacted topic says of each key is what the registry says.
        let mut told = std::collections::BTreeMap::new();
        for record in keys(SHARED.get(), &self.prefix) {
            if record.value.is_empty() {
                told.remove(&record.key);
            } else {
                told.insert(
                    record.key.clone(),
                    serde_json::from_slice::<Value>(&record.value).expect("facts"),
                );
            }
        }
        let listed =
            self.registry.operator().get("/v1/partners/acme/keys?limit=200").send().expecting(200).json();
        let listed = listed["keys"].as_array().expect("keys").clone();
        let acme = told.values().filter(|key| key["partnerId"] == "acme").count();
        assert_eq!(listed.len(), acme);
        for key in listed {
            let facts = &told[key["keyId"].as_str().expect("an id")];
            for field in ["prefix", "name", "status", "position"] {
                assert_eq!(facts[field], key[field], "{field} of {key}");
            }
        }
    }
}

/// Where a record says that it stands.
fn place(record: &Record) -> (u32, u64) {
    let number = |name| record.header(name).expect("a header");
    (number("ce_epoch").parse().expect("a number"), number("ce_position").parse().expect("a number"))
}

fn revoke(registry: &Registry, key: &Created) {
    let body = json!({ "reason": "seen in public" });
    registry.operator().post(&key.at("revoke"), &body).send().expecting(200);
}

#[test]
fn a_restored_registry_revokes_what_the_topics_say_and_publishes_on_once_it_is_told_to() {
    for partitions in ["1", "3"] {
        let mut house = House::with_partitions(partitions);
        let create = |house: &House, name: &str| house.registry.create("acme", name, &["client:read"]);
        let [kept, leaked, rotated, edited] =
            ["kept", "leaked", "rotated", "edited"].map(|name| create(&house, name));
        house.back_up();
        revoke(&house.registry, &leaked);
        house.registry.regenerate(&rotated, 3_600);
        house.registry.operator().patch(&edited.path(), &json!({ "name": "renamed" })).send().expecting(200);
        for number in 0..4 {
            create(&house, &format!("since {number}"));
        }
        published(&house.registry);

        let restored = house.lose_and_restore();
        assert_eq!((&restored["epoch"], &restored["again"]["gone"]), (&json!(2), &json!(4)), "{restored}");
        house.waits_to_be_told();
        // From the first answer on, and before anything of it is published.
        for (key, status) in [(&leaked, 403), (&rotated, 403), (&kept, 200), (&edited, 200)] {
            assert_eq!(house.registry.health(&key.secret).status, status);
        }
        let told = house.goes_on();
        // Seven events came after the backup; three keys are told anew, four never were.
        let numbers = ["undone", "toldAnew", "gone", "after"].map(|name| told[name].as_u64());
        assert_eq!(numbers, [Some(7), Some(3), Some(4), Some(6)], "{told}");
        create(&house, "in the second life");
        house.is_consistent();

        if partitions == "1" {
            continue;
        }
        // And once more from the same backup, which knows of neither life.
        let late = create(&house, "late");
        revoke(&house.registry, &kept);
        published(&house.registry);
        let restored = house.lose_and_restore();
        assert_eq!(restored["epoch"], 3, "{restored}");
        house.waits_to_be_told();
        for key in [&kept, &leaked, &rotated, &late] {
            assert_eq!(house.registry.health(&key.secret).status, 403);
        }
        house.goes_on();
        house.is_consistent();
    }
}

#[test]
fn topics_that_were_behind_the_backup_go_on_where_they_were() {
    let mut house = House::with_partitions("1");
    house.registry.create("acme", "published", &["client:read"]);
    published(&house.registry);
    // Kafka is not reached for a while.
    let settings = std::mem::take(&mut house.settings);
    house.registry.stop();
    house.registry.restart_with(&[]);
    house.registry.create("acme", "not published", &["client:read"]);
    house.back_up();
    house.settings = settings;
    house.registry.stop();
    let data = house.registry.data_dir();
    fs::rename(data.join("log.db"), data.join("lost.db")).expect("lost");
    let from = house.backup.to_string_lossy().into_owned();
    let behind = house.terminal().run(&["restore", "--from", &from, "--revocations-from", "kafka"]).exited(1);
    assert!(behind.error_line().contains("before the backup does"), "{}", behind.stderr);
    house.terminal().run(&["restore", "--from", &from, "--without-revocations"]).exited(0);
    let settings = house.settings.clone();
    let settings: Vec<_> = settings.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    house.registry.restart_with(&settings);
    house.registry.stop();
    let told = house.terminal().run(&["kafka", "continue", "--json"]).exited(0).json();
    assert_eq!((&told["undone"], &told["after"]), (&json!(0), &json!(3)), "{told}");
    house.registry.restart();
    house.registry.create("acme", "in the second life", &["client:read"]);
    house.is_consistent();
}
