//! What arrives: every command's event with exactly its headers and its bytes, the facts of its key, and nothing else.

use std::collections::BTreeMap;
use std::fs;

use keyledger_tests::{Broker, Needles, Registry, client_file};
use rusqlite::Connection;
use serde_json::{Value, json};

use crate::SHARED;
use crate::scene::{every_command, key_events, keys, own_prefix, published, publishing, registry_with};

/// An event as the log holds it.
struct Held {
    position: i64,
    public: Vec<u8>,
    private: Vec<u8>,
    mac: Vec<u8>,
}

fn events_of(registry: &Registry) -> Vec<Held> {
    let log = Connection::open(registry.data_dir().join("log.db")).expect("the log");
    let mut query =
        log.prepare("SELECT position, public, private, mac FROM events ORDER BY position").expect("events");
    let rows = query.query_map([], |row| {
        Ok(Held { position: row.get(0)?, public: row.get(1)?, private: row.get(2)?, mac: row.get(3)? })
    });
    rows.expect("rows").map(|row| row.expect("a row")).collect()
}

/// The headers of an event's record, as the documentation describes them.
fn headers_of(position: i64, public: &Value) -> Vec<(String, String)> {
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let (kind, version, stream) =
        (text(&public["type"]), text(&public["schemaVersion"]), text(&public["stream"]));
    let mut headers = vec![
        ("ce_specversion", "1.0".to_owned()),
        ("ce_id", text(&public["id"])),
        ("ce_source", format!("urn:keyledger:log:{}", text(&public["log"]))),
        ("ce_type", format!("keyledger.{kind}.v{version}")),
        ("ce_subject", stream.trim_start_matches("key-").to_owned()),
        ("ce_time", text(&public["occurredAt"])),
        ("ce_dataschema", format!("urn:keyledger:event:{kind}:v{version}")),
        ("content-type", "application/json".to_owned()),
        ("ce_position", position.to_string()),
        ("ce_epoch", text(&public["epoch"])),
    ];
    if let Some(partner) = public["data"]["partnerId"].as_str() {
        headers.push(("ce_partner", partner.to_owned()));
    }
    headers.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

#[test]
fn every_command_produces_its_record_with_exactly_its_headers_and_bytes() {
    let (broker, prefix) = (SHARED.get(), own_prefix());
    let registry = registry_with(&publishing(broker, &prefix));
    every_command(&registry, "Invoices");
    let head = published(&registry);

    let (events, records) = (events_of(&registry), key_events(broker, &prefix));
    assert_eq!((events.len() as u64, records.len() as u64), (head, head));
    let mut kinds = BTreeMap::new();
    for (Held { position, public, .. }, record) in events.iter().zip(&records) {
        let said: Value = serde_json::from_slice(public).expect("JSON");
        assert_eq!(record.headers, headers_of(*position, &said));
        assert_eq!(record.value, *public, "byte for byte");
        assert_eq!(record.key, said["stream"].as_str().expect("a stream").trim_start_matches("key-"));
        *kinds.entry(said["type"].as_str().expect("a type").to_owned()).or_insert(0) += 1;
    }
    let every_kind = [
        "KeyCreated",
        "KeyExpirationChanged",
        "KeyOverlapEnded",
        "KeyRegenerated",
        "KeyRenamed",
        "KeyRevoked",
        "KeyScopesChanged",
        "KeyThrottleChanged",
        "ScopeCatalogueChanged",
    ];
    assert_eq!(kinds.keys().map(String::as_str).collect::<Vec<_>>(), every_kind, "one of every event");
}

#[test]
fn the_facts_of_a_key_are_those_of_the_management_api_but_for_what_a_clock_decides() {
    let (broker, prefix) = (SHARED.get(), own_prefix());
    let registry = registry_with(&publishing(broker, &prefix));
    let created = every_command(&registry, "Invoices");
    let head = published(&registry);

    let records = keys(broker, &prefix);
    let of_keys = events_of(&registry)
        .iter()
        .filter(|event| memchr::memmem::find(&event.public, b"\"stream\":\"key-").is_some())
        .count();
    assert_eq!(records.len(), of_keys, "one record after each event of a key, up to {head}");
    let last: BTreeMap<_, _> = records.iter().map(|record| (record.key.clone(), record)).collect();
    for key in created {
        let record = last[&key.id];
        let mut expected = registry.operator().get(&key.path()).send().expecting(200).json();
        let told: Value = serde_json::from_slice(&record.value).expect("JSON");
        // No clock has been asked: the overlap runs for an hour, and the key never expires.
        assert!(expected["status"] == "ACTIVE" || expected["status"] == "REVOKED");
        assert_eq!(expected["lostScopes"].take(), Value::Null, "the catalogue has all of its scopes");
        expected.as_object_mut().expect("an object").remove("lostScopes");
        assert_eq!(told, expected);
        assert_eq!(record.header("ce_type"), Some("keyledger.Key.v1"));
        assert_eq!(record.header("ce_dataschema"), Some("urn:keyledger:key:v1"));
        assert_eq!(record.header("ce_subject"), Some(key.id.as_str()));
        assert_eq!(record.header("ce_partner"), Some(key.partner.as_str()));
        assert_eq!(record.header("ce_position"), Some(expected["position"].to_string().as_str()));
    }
}

#[test]
fn no_secret_verifier_nonce_or_code_lies_on_the_brokers_disk() {
    // What is compressed could not be searched.
    let broker = Broker::start();
    let home = tempfile::tempdir().expect("a directory");
    let file = client_file(home.path(), &[("compression.type", "none")]);
    let mut settings = publishing(&broker, "canary");
    settings.push(("KEYLEDGER_KAFKA__CLIENT_FILE".to_owned(), file.to_string_lossy().into_owned()));
    let registry = registry_with(&settings);
    let keys = every_command(&registry, "a canary sings");
    published(&registry);

    let mut secrets: Vec<_> = keys.iter().map(|key| key.secret.clone()).collect();
    secrets.push(registry.operator_key());
    let (mut hidden, mut codes) = (Vec::new(), 0);
    for Held { private, mac, .. } in events_of(&registry) {
        let said: Value = serde_json::from_slice(&private).expect("JSON");
        let bytes = |value: &Value| value.as_str().map(|text| hex::decode(text).expect("hexadecimal"));
        hidden.extend(bytes(&said["nonce"]));
        hidden.extend(bytes(&said["verifier"]["digest"]));
        hidden.extend(bytes(&said["requestDigest"]));
        // The first four bytes name the key that made it.
        hidden.extend([private, mac[4..].to_vec()]);
        codes += 1;
    }
    let keyring = fs::read_to_string(registry.data_dir().join("keyring")).expect("the keyring");
    let keyring: toml::Table = keyring.parse().expect("TOML");
    for kind in ["pepper", "mac"] {
        let keys = keyring[kind].as_array().expect("keys").iter();
        hidden.extend(keys.map(|key| hex::decode(key["key"].as_str().expect("a key")).expect("hexadecimal")));
    }
    assert!(codes > 10 && hidden.len() > 3 * codes, "{} things to look for in {codes} events", hidden.len());

    let (secrets, hidden) = (Needles::of(&secrets), Needles::of_bytes(&hidden));
    let mut sings = 0;
    for segment in broker.segments() {
        let (place, bytes) = (segment.display().to_string(), fs::read(&segment).expect("a segment"));
        secrets.are_not_in(&place, &bytes);
        hidden.are_not_in(&place, &bytes);
        sings += memchr::memmem::find_iter(&bytes, b"a canary sings").count();
    }
    assert!(sings > 10, "what is public is found {sings} times: it was not searched where it lies");
}

#[test]
fn an_empty_registry_has_published_its_catalogue_and_its_operator_before_anybody_asks() {
    let (broker, prefix) = (SHARED.get(), own_prefix());
    let registry = registry_with(&publishing(broker, &prefix));
    published(&registry);
    let kinds: Vec<_> = key_events(broker, &prefix)
        .iter()
        .map(|record| record.header("ce_type").expect("a type").to_owned())
        .collect();
    assert_eq!(kinds, ["keyledger.ScopeCatalogueChanged.v1", "keyledger.KeyCreated.v1"]);
    let told: Vec<Value> = keys(broker, &prefix)
        .iter()
        .map(|record| serde_json::from_slice(&record.value).expect("JSON"))
        .collect();
    assert_eq!((told.len(), &told[0]["partnerId"]), (1, &json!("registry")));
}
