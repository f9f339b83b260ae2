//! A consumer that begins with the compacted topic knows every key, also after compaction really ran.

use std::collections::BTreeMap;

use keyledger_tests::Broker;
use serde_json::Value;

use crate::scene::{every_command, key_events, keys, published, publishing, registry_with};

#[test]
fn what_is_left_after_compaction_is_what_the_lists_show() {
    let broker = Broker::start();
    broker.create_topic("compacted.keys.v1", 2, Broker::COMPACTED);
    let mut settings = publishing(&broker, "compacted");
    settings.push(("KEYLEDGER_KAFKA__PARTITIONS".to_owned(), "2".to_owned()));
    let registry = registry_with(&settings);
    for name in ["one", "two", "three"] {
        every_command(&registry, name);
    }
    published(&registry);
    let events = key_events(&broker, "compacted");
    let published = events.iter().filter(|record| record.key != "catalogue").count();
    // It may have run while the relay published.
    let mut left = keys(&broker, "compacted");
    if left.len() == published {
        left = broker.compact("compacted.keys.v1");
    }
    assert!(left.len() < published, "compaction left {} of {published} records", left.len());

    let told: BTreeMap<_, Value> = left
        .iter()
        .map(|record| (record.key.clone(), serde_json::from_slice(&record.value).expect("JSON")))
        .collect();
    let mut listed = BTreeMap::new();
    for partner in ["registry", "acme", "globex"] {
        let page =
            registry.operator().get(&format!("/v1/partners/{partner}/keys?limit=200")).send().expecting(200);
        for mut key in page.json()["keys"].as_array().expect("keys").clone() {
            key.as_object_mut().expect("a key").remove("lostScopes");
            listed.insert(key["keyId"].as_str().expect("an id").to_owned(), key);
        }
    }
    assert_eq!(listed.len(), 10, "every key, the revoked ones too");
    assert_eq!(told, listed);
    let terminal = registry.terminal();
    let terminal = settings.iter().fold(terminal, |terminal, (name, value)| terminal.set(name, value));
    terminal.run(&["kafka", "verify"]).exited(0);
}
