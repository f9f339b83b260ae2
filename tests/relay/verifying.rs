//! `keyledger kafka verify` finds what does not agree, and nothing else; `kafka replay` publishes history anew.

use std::time::Duration;

use keyledger_tests::{Broker, Record, Registry, Terminal};
use rdkafka::message::{Header, OwnedHeaders};
use rdkafka::producer::{BaseProducer, BaseRecord, Producer as _};
use serde_json::{Value, json};

use crate::SHARED;
use crate::scene::{
    every_command, key_events, keys, own_prefix, positions, published, publishing, registry_with,
};

/// A registry that has published every kind of event, and what was published.
struct Published {
    registry: Registry,
    prefix: String,
    key_events: Vec<Record>,
    keys: Vec<Record>,
}

fn published_everything() -> Published {
    let (broker, prefix) = (SHARED.get(), own_prefix());
    let registry = registry_with(&publishing(broker, &prefix));
    every_command(&registry, "Invoices");
    published(&registry);
    let (key_events, keys) = (key_events(broker, &prefix), keys(broker, &prefix));
    Published { registry, prefix, key_events, keys }
}

fn terminal(registry: &Registry, broker: &Broker) -> Terminal {
    registry.terminal().set("KEYLEDGER_KAFKA__BROKERS", &broker.address())
}

/// Writes records as if they had been published.
pub(crate) fn send(broker: &Broker, topic: &str, records: &[Record]) {
    let producer: BaseProducer = broker.inside().create().expect("a producer");
    for Record { key, headers, value, .. } in records {
        let headers = headers
            .iter()
            .fold(OwnedHeaders::new(), |all, (key, value)| all.insert(Header { key, value: Some(value) }));
        let record = BaseRecord::to(topic).key(key).payload(value).headers(headers);
        producer.send(record).map_err(|(error, _)| error).expect("room for a record");
    }
    producer.flush(Duration::from_secs(30)).expect("they are sent");
}

/// Copies what was published to other topics, with changes, and verifies those: what was found, a line each.
#[track_caller]
fn verified_after(
    published: &Published,
    change: impl FnOnce(&mut Vec<Record>, &mut Vec<Record>),
) -> (Vec<String>, Value) {
    let (broker, prefix) = (SHARED.get(), own_prefix());
    let (mut events, mut keys) = (published.key_events.clone(), published.keys.clone());
    change(&mut events, &mut keys);
    let checkpoint = keyledger_tests::settled(broker, &format!("{}.relay-checkpoint.v1", published.prefix));
    for (topic, records) in [("key-events", &events), ("keys", &keys), ("relay-checkpoint", &checkpoint)] {
        let topic = format!("{prefix}.{topic}.v1");
        broker.create_topic(&topic, 1, &[]);
        send(broker, &topic, records);
    }
    let terminal = terminal(&published.registry, broker);
    let ran = terminal.run(&["kafka", "verify", "--topic-prefix", &prefix]);
    let machine = terminal.run(&["kafka", "verify", "--topic-prefix", &prefix, "--json"]);
    assert_eq!(ran.code, machine.code);
    let told = machine.json();
    let mut lines: Vec<_> =
        ran.stdout.replace(&format!("{prefix}."), "").lines().map(str::to_owned).collect();
    assert!(lines.pop().is_some_and(|last| last.starts_with("Compared ")), "{}", ran.stdout);
    assert_eq!(told["findings"].as_array().expect("findings").len(), lines.len(), "{told}");
    assert_eq!(ran.code, Some(if lines.is_empty() { 0 } else { 1 }), "{}", ran.stderr);
    (lines, told)
}

#[test]
fn topics_that_say_what_the_log_says_are_found_to_do_so() {
    let published = published_everything();
    let events = published.key_events.len();
    let (found, told) = verified_after(&published, |_, _| {});
    assert_eq!(found, [""; 0]);
    assert_eq!((&told["events"], &told["upTo"], &told["from"]), (&json!(events), &json!(events), &json!(1)));
    // As it is, beside the registry that publishes.
    let terminal =
        terminal(&published.registry, SHARED.get()).set("KEYLEDGER_KAFKA__TOPIC_PREFIX", &published.prefix);
    let ran = terminal.run(&["kafka", "verify"]).exited(0);
    let (keys, prefix) = (told["keys"].as_u64().expect("a number"), &published.prefix);
    assert_eq!(
        ran.stdout,
        format!("Compared {events} events, positions 1 to {events}, and {keys} keys with {prefix}.*.\n")
    );
}

#[test]
fn every_kind_of_disagreement_is_found_and_named() {
    let published = published_everything();
    let last = published.key_events.len();
    let found = |change: fn(&mut Vec<Record>, &mut Vec<Record>)| verified_after(&published, change).0;

    assert_eq!(found(|events, _| drop(events.remove(3))), ["gap: the event at position 4 has no record"]);
    assert_eq!(
        found(|events, _| events.insert(5, events[4].clone())),
        ["duplicate: key-events.v1/0 at offset 5 tells of position 5 once more"]
    );
    let swapped = found(|events, _| events.swap(2, 3));
    assert_eq!(
        swapped,
        [
            "gap: the event at position 3 has no record",
            "order: key-events.v1/0 at offset 3 tells of position 3, behind one of a later position",
        ]
    );
    assert_eq!(
        found(|events, _| events[2].value[20] ^= 1),
        [
            "difference: key-events.v1/0 at offset 2 tells of position 3, and its body is not what the log says"
        ]
    );
    assert_eq!(
        found(|events, _| events[2].headers[3].1 = "keyledger.KeyRevoked.v1".to_owned()),
        [
            "difference: key-events.v1/0 at offset 2 tells of position 3, and its ce_type is not what the log says"
        ]
    );
    assert_eq!(
        found(|events, _| events[2].headers.push(("more".to_owned(), String::new()))),
        [
            "difference: key-events.v1/0 at offset 2 tells of position 3, and its more is not what the log says"
        ]
    );
    assert_eq!(
        found(|events, _| events[2].key = "another".to_owned()),
        ["difference: key-events.v1/0 at offset 2 tells of position 3, and its key is not what the log says"]
    );
    assert_eq!(
        found(|events, _| events[2].headers.clear()),
        [
            "unknown: key-events.v1/0 at offset 2 tells of nothing that the log holds",
            "gap: the event at position 3 has no record",
        ]
    );
    assert_eq!(
        found(|events, _| events.truncate(events.len() - 1)),
        [format!("gap: the event at position {last} has no record")]
    );
}

#[test]
fn every_kind_of_disagreement_about_keys_is_found_and_named() {
    let published = published_everything();
    let key = published.keys.last().expect("a record").key.clone();
    let first = published.keys[0].key.clone();
    let (found, _) = verified_after(&published, |_, keys| keys.retain(|record| record.key != first));
    assert_eq!(found, [format!("key missing: no record tells of key {first}")]);
    let (found, _) = verified_after(&published, |_, keys| keys.last_mut().expect("a record").value[20] ^= 1);
    assert!(found.len() == 1 && found[0].starts_with("difference: keys.v1/0 at offset "), "{found:?}");

    // The second key is the one that was changed again and again.
    let changed = published.keys[1].key.clone();
    let of_it: Vec<_> = published.keys.iter().filter(|record| record.key == changed).cloned().collect();
    let [.., before, last] = of_it.as_slice() else { panic!("it was changed more than once") };
    let (before, last) =
        (before.header("ce_position").expect("a position"), last.header("ce_position").expect("a position"));
    let (found, told) = verified_after(&published, |_, keys| {
        keys.retain(|record| record.header("ce_position") != Some(last))
    });
    assert_eq!(
        found,
        [format!(
            "key stale: key {changed} is told as of position {before}, and the log has an event at {last}"
        )]
    );
    assert_eq!(told["findings"][0]["kind"], "key-stale");
    let (found, _) = verified_after(&published, |_, keys| {
        let mut stranger = keys.last().expect("a record").clone();
        stranger.key = "00000000-0000-7000-8000-000000000000".to_owned();
        let place = stranger.headers.iter().position(|(name, _)| name == "ce_position").expect("a position");
        stranger.headers[place].1 = "1000000".to_owned();
        keys.push(stranger);
    });
    assert!(found.len() == 1 && found[0].starts_with("unknown: keys.v1/0 at offset "), "{found:?} {key}");
}

#[test]
fn history_is_published_anew_to_other_topics_from_any_position_and_once() {
    let published = published_everything();
    let (broker, prefix) = (SHARED.get(), own_prefix());
    let head = published.key_events.len() as u64;
    let terminal =
        terminal(&published.registry, broker).set("KEYLEDGER_KAFKA__TOPIC_PREFIX", &published.prefix);
    let replay = |from: &str| {
        terminal.run(&["kafka", "replay", "--from-position", from, "--topic-prefix", &prefix, "--json"])
    };
    let told = replay("4").exited(0).json();
    assert_eq!(told, json!({ "from": 4, "upTo": head, "events": head - 3, "resumedAfter": null }));
    let same = |copy: &[Record], original: &[Record]| {
        let plain = |record: &Record| (record.key.clone(), record.headers.clone(), record.value.clone());
        assert_eq!(
            copy.iter().map(plain).collect::<Vec<_>>(),
            original.iter().map(plain).collect::<Vec<_>>()
        );
    };
    same(&key_events(broker, &prefix), &published.key_events[3..]);
    let later: Vec<_> = published
        .keys
        .iter()
        .filter(|record| positions(std::slice::from_ref(record))[0] >= 4)
        .cloned()
        .collect();
    same(&keys(broker, &prefix), &later);
    terminal.run(&["kafka", "verify", "--topic-prefix", &prefix]).exited(0);

    // Again: nothing twice, and what came since.
    published.registry.create("acme", "one more", &["client:read"]);
    let told = replay("4").exited(0).json();
    assert_eq!(told, json!({ "from": 4, "upTo": head + 1, "events": 1, "resumedAfter": head }));
    assert_eq!(positions(&key_events(broker, &prefix)), (4..=head + 1).collect::<Vec<_>>());

    let beyond = replay("1000000").exited(1);
    assert!(beyond.error_line().contains("nothing stands at 1000000"), "{}", beyond.stderr);
    let other_start = replay("5").exited(1);
    assert!(other_start.error_line().contains("were begun from position 4"), "{}", other_start.stderr);
    let onto_itself =
        terminal.run(&["kafka", "replay", "--from-position", "1", "--topic-prefix", &published.prefix]);
    assert!(onto_itself.exited(1).error_line().contains("are the relay's own"));
    terminal.run(&["kafka", "replay", "--from-position", "0", "--topic-prefix", &prefix]).exited(2);
    terminal.run(&["kafka", "replay", "--from-position", "1", "--topic-prefix", "a b"]).exited(2);
    let onto_a_relay = terminal
        .set("KEYLEDGER_KAFKA__TOPIC_PREFIX", "elsewhere")
        .run(&["kafka", "replay", "--from-position", "1", "--topic-prefix", &published.prefix])
        .exited(1);
    assert!(onto_a_relay.error_line().contains("a relay publishes to the topics"), "{}", onto_a_relay.stderr);
    published.registry.create("acme", "the relay goes on", &["client:read"]);
    crate::scene::published(&published.registry);
}

#[test]
fn what_cannot_be_compared_is_said_in_one_line() {
    let registry = Registry::start();
    let nowhere = registry.terminal().run(&["kafka", "verify"]).exited(1);
    assert!(nowhere.error_line().contains("no Kafka is set"), "{}", nowhere.stderr);
    let broker = SHARED.get();
    let prefix = own_prefix();
    for topic in ["key-events", "keys", "relay-checkpoint"] {
        broker.create_topic(&format!("{prefix}.{topic}.v1"), 1, &[]);
    }
    let nothing = terminal(&registry, broker).run(&["kafka", "verify", "--topic-prefix", &prefix]).exited(1);
    assert!(nothing.error_line().contains("nothing was published yet"), "{}", nothing.stderr);
}
