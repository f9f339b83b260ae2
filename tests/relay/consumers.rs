//! The examples for consumers: each is shown everything, in order, and what it is told of a key is what the registry says.

mod programs;
mod python;
mod samples;

use std::time::Duration;

use keyledger_tests::{Created, Registry, eventually, from_now, random_bytes};
use programs::{Program, console_consumer, python_consumer, rust_consumer};
use rdkafka::producer::{BaseProducer, Producer as _};
use samples::Sample;
use serde_json::{Value, json};

use crate::SHARED;

const PATIENCE: Duration = Duration::from_secs(60);

/// A prefix of topics that nobody else has.
fn new_prefix() -> String {
    format!("consumers-{}", hex::encode(random_bytes::<6>()))
}

fn registry(prefix: &str) -> Registry {
    let brokers = SHARED.get().address();
    Registry::with(&[("KEYLEDGER_KAFKA__BROKERS", &brokers), ("KEYLEDGER_KAFKA__TOPIC_PREFIX", prefix)])
}

/// Gives every command that there is, and returns the keys.
fn every_command(registry: &Registry) -> [Created; 3] {
    let operator = registry.operator();
    let post = |path: &str, body: &Value| operator.post(path, body).send().expecting(200);
    let edit = |key: &Created, body: &Value| operator.patch(&key.path(), body).send().expecting(200);

    let overlapping = registry.create("acme", "Billing \u{2013} \"Köln\"", &["client:read", "user:read"]);
    let overlapping = registry.regenerate(&overlapping, 3600);
    let edited = registry.regenerate(&registry.create("acme", "edited", &["client:read"]), 3600);
    post(&edited.at("end-overlap"), &json!({}));
    edit(&edited, &json!({ "name": "renamed" }));
    edit(&edited, &json!({ "scopes": ["client:read", "client:write"] }));
    edit(&edited, &json!({ "throttle": { "ratePerSecond": 7, "burst": 70 } }));
    edit(&edited, &json!({ "expiresAt": from_now(Duration::from_secs(7200)) }));
    let revoked = registry.create("umbrella", "revoked", &["client:read"]);
    post(&revoked.at("revoke"), &json!({ "reason": "seen in a public repository" }));
    let catalogue = operator.get("/v1/scopes").send().expecting(200).json();
    let mut resources = catalogue["resources"].clone();
    let invoice = json!({ "name": "invoice", "verbs": ["read"], "describe": { "read": "Invoices" } });
    resources.as_array_mut().expect("resources").push(invoice);
    operator.put("/v1/scopes", &json!({ "resources": resources })).send().expecting(200);
    [overlapping, edited, revoked]
}

/// Waits until everything is published, and returns the position of the last event.
fn published(registry: &Registry) -> u64 {
    let head = registry.operator().get("/v1/scopes").send().position();
    eventually("the relay is at the head of the log", PATIENCE, || {
        let roles = registry.ops().get("/readyz").send().json()["roles"].clone();
        let relay = roles.as_array().into_iter().flatten().find(|role| role["role"] == "relay").cloned();
        relay.is_some_and(|relay| relay["ready"] == true && relay["position"] == head)
    });
    head
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
    let prefix = new_prefix();
    let registry = registry(&prefix);
    let keys = every_command(&registry);
    let head = published(&registry);
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
    for key in &keys {
        let line = told.iter().find(|line| line["subject"] == key.id).expect("facts of each key");
        let shown = registry.operator().get(&key.path()).send().expecting(200).json();
        for (field, fact) in line["facts"].as_object().expect("facts") {
            assert_eq!(*fact, shown[field], "{field} of {shown}");
        }
    }
}

#[test]
fn a_consumer_that_begins_late_is_told_what_every_key_is_and_only_what_is_new() {
    let prefix = new_prefix();
    let registry = registry(&prefix);
    let keys = every_command(&registry);
    published(&registry);
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
        following.line_with(&keys[2].id);
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
    let (broker, prefix) = (SHARED.get(), new_prefix());
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
