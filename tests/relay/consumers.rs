//! The examples for consumers: each is shown everything, in order, and what it is told of a key is what the registry says.

mod programs;
mod samples;

use std::collections::BTreeMap;
use std::time::Duration;

use keyledger_tests::{Created, Registry};
use programs::{Program, console_consumer, python_consumer, rust_consumer};
use rdkafka::producer::{BaseProducer, Producer as _};
use samples::Sample;
use serde_json::{Value, json};

use crate::SHARED;
use crate::scene::{every_command, own_prefix, published, publishing, registry_with};

const PATIENCE: Duration = Duration::from_secs(60);

/// A registry that has published every command; its keys by their ids, and where its log ends.
fn everything(prefix: &str) -> (Registry, BTreeMap<String, Created>, u64) {
    let registry = registry_with(&publishing(SHARED.get(), prefix));
    let keys = every_command(&registry, "consumed \u{2013} \"Köln\"");
    let keys = keys.into_iter().map(|key| (key.id.clone(), key)).collect();
    let head = published(&registry);
    (registry, keys, head)
}

/// The lines about one topic.
fn of_topic<'a>(lines: &'a [Value], topic: &str) -> Vec<&'a Value> {
    lines.iter().filter(|line| line["topic"] == topic).collect()
}

fn positions(lines: &[&Value]) -> Vec<u64> {
    lines.iter().map(|line| line["position"].as_u64().expect("a position")).collect()
}

#[test]
fn every_consumer_is_shown_every_event_once_and_in_order_and_the_facts_that_the_registry_tells() {
    let prefix = own_prefix();
    let (registry, keys, head) = everything(&prefix);
    let (broker, key_events) = (SHARED.get(), format!("{prefix}.key-events.v1"));
    let all = ["--from-beginning", "--until-end"];
    let rust = rust_consumer(broker, &prefix, &all).lines();
    let python = python_consumer(broker, &prefix, &[&all[..], &["--validate"]].concat());
    assert!(python.stderr.ends_with(" 0 wrong\n"), "{}", python.stderr);
    let python = python.lines();
    let console = console_consumer(broker, &key_events, head);

    let expected: Vec<_> = (1..=head).collect();
    let events = of_topic(&rust, &key_events);
    assert_eq!(positions(&events), expected);
    assert_eq!(of_topic(&python, &key_events), events);
    assert_eq!(positions(&console.iter().collect::<Vec<_>>()), expected);
    for (one, other) in events.iter().zip(&console) {
        for field in ["offset", "epoch", "type", "subject", "body"] {
            assert_eq!(one[field], other[field], "{field} of {one}");
        }
    }

    let topic = format!("{prefix}.keys.v1");
    let by_subject = |lines: &[Value]| {
        let mut told: Vec<_> = of_topic(lines, &topic).into_iter().cloned().collect();
        told.sort_by_key(|line| line["subject"].to_string());
        told
    };
    let told = by_subject(&rust);
    assert_eq!(by_subject(&python), told);
    assert_eq!(told.len(), keys.len() + 1, "each key once, and the first operator's");
    for key in keys.values() {
        let line = told.iter().find(|line| line["subject"] == key.id).expect("facts of each key");
        let shown = registry.operator().get(&key.path()).send().expecting(200).json();
        for (field, fact) in line["facts"].as_object().expect("facts") {
            assert_eq!(*fact, shown[field], "{field} of {shown}");
        }
    }
}

#[test]
fn a_consumer_that_begins_late_is_told_what_every_key_is_and_only_what_is_new() {
    let prefix = own_prefix();
    let (registry, keys, _) = everything(&prefix);
    let broker = SHARED.get();
    for program in [rust_consumer, python_consumer] {
        let lines = program(broker, &prefix, &["--until-end"]).lines();
        let told = of_topic(&lines, &format!("{prefix}.keys.v1"));
        assert_eq!(told.len(), keys.len() + 1);
        let events = of_topic(&lines, &format!("{prefix}.key-events.v1"));
        assert!(events.iter().all(|event| event["subject"] == "catalogue"), "facts say it: {events:?}");
    }
    for program in [Program::rust, Program::python] {
        let following = program(broker, &prefix, &[]);
        // Its facts are there, so it follows by now or does so at once.
        following.line_with(keys.keys().next().expect("a key"));
        let new = registry.create("acme", "new", &["client:read"]);
        let line = following.line_with(&new.id);
        assert_eq!(
            (&line["type"], &line["body"]["data"]["name"]),
            (&json!("keyledger.KeyCreated.v1"), &json!("new"))
        );
    }
}

#[test]
fn every_frozen_record_is_valid_and_a_wrong_one_is_told() {
    let (broker, prefix) = (SHARED.get(), own_prefix());
    let [key_events, keys] = ["key-events", "keys"].map(|topic| format!("{prefix}.{topic}.v1"));
    for topic in [&key_events, &keys] {
        broker.create_topic(topic, 1, &[]);
    }
    let producer: BaseProducer = broker.inside().create().expect("a producer");
    let send = |samples: &[Sample]| {
        for sample in samples {
            sample.send(&producer, if sample.is_facts() { &keys } else { &key_events });
        }
        producer.flush(PATIENCE).expect("the records arrive");
    };
    let good = Sample::all();
    send(&good);
    let arguments = ["--from-beginning", "--until-end", "--validate"];
    let told = python_consumer(broker, &prefix, &arguments);
    assert_eq!(told.stderr, format!("{} records checked, 0 wrong\n", good.len()));

    let wrong = samples::wrong();
    send(&wrong.iter().map(|(sample, _)| sample.clone()).collect::<Vec<_>>());
    let told = python_consumer(broker, &prefix, &arguments);
    assert_eq!(told.code, Some(1), "{}", told.stderr);
    let lines: Vec<_> = told.stderr.lines().collect();
    let (last, problems) = lines.split_last().expect("it says something");
    assert_eq!(*last, format!("{} records checked, {} wrong", good.len() + wrong.len(), wrong.len()));
    for (_, words) in &wrong {
        assert!(problems.iter().any(|problem| problem.contains(words)), "{words} in {problems:#?}");
    }
    assert_eq!(problems.len(), wrong.len(), "each is told once: {problems:#?}");
}
