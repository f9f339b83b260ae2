//! `GET /v1/events` as NDJSON: the whole log, in order, in public.

use std::sync::LazyLock;

use keyledger_tests::{Answer, Registry};
use serde_json::{Value, json};

use crate::SHARED;

/// What every public event holds.
static MEMBERS: LazyLock<Vec<&str>> = LazyLock::new(|| {
    let members = "id log epoch stream revision type schemaVersion occurredAt actor requestId data sealed";
    members.split(' ').collect()
});

fn read(registry: &Registry, query: &str) -> Answer {
    registry.operator().get(&format!("/v1/events?{query}")).send().expecting(200)
}

fn positions(lines: &[Value]) -> Vec<u64> {
    lines.iter().map(|line| line["position"].as_u64().expect("a position")).collect()
}

/// A registry whose log holds exactly what is told here, after the catalogue and the operator key of its start.
fn with_a_few_events() -> (Registry, String) {
    let registry = Registry::start();
    let key = registry.create("acme", "a", &["client:read"]);
    registry.regenerate(&key, 60);
    registry.create("other", "b", &["user:read"]);
    registry.revoke(&key);
    (registry, key.id)
}

#[test]
fn the_log_is_read_from_its_first_event_to_its_head_in_one_order() {
    let (registry, _) = with_a_few_events();
    let answer = read(&registry, "");
    assert_eq!(answer.header("content-type"), "application/x-ndjson");
    let lines = answer.lines();
    assert_eq!(positions(&lines), [1, 2, 3, 4, 5, 6]);
    let types: Vec<_> = lines.iter().map(|line| line["event"]["type"].as_str().expect("a type")).collect();
    let told =
        ["ScopeCatalogueChanged", "KeyCreated", "KeyCreated", "KeyRegenerated", "KeyCreated", "KeyRevoked"];
    assert_eq!(types, told);
    for line in &lines {
        let names: Vec<_> = line.as_object().expect("an object").keys().collect();
        assert_eq!(names, ["position", "event"]);
        let names: Vec<_> = line["event"].as_object().expect("an object").keys().collect();
        assert_eq!(names, *MEMBERS, "the public part and nothing else");
        assert_eq!(line["event"]["sealed"].as_str().map(str::len), Some(64), "{line}");
    }
    assert_eq!(answer.position(), 6);
}

#[test]
fn events_are_chosen_by_place_partner_key_type_and_number() {
    let (registry, key) = with_a_few_events();
    let of = |query: &str| positions(&read(&registry, query).lines());
    assert_eq!(of("after=4"), [5, 6]);
    assert_eq!(of("after=6"), [0; 0]);
    assert_eq!(of("limit=2"), [1, 2]);
    assert_eq!(of("after=2&limit=2"), [3, 4]);
    assert_eq!(of("partnerId=acme"), [3, 4, 6]);
    assert_eq!(of("partnerId=nobody"), [0; 0]);
    assert_eq!(of(&format!("keyId={key}")), [3, 4, 6]);
    assert_eq!(of("type=KeyCreated"), [2, 3, 5]);
    assert_eq!(of("type=KeyCreated&partnerId=acme&after=2"), [3]);
    assert_eq!(of("type=KeyCreated&limit=1&after=2"), [3], "what does not match is not counted");
    let faulty = |query: &str| registry.operator().get(&format!("/v1/events?{query}")).send().faulty_fields();
    assert_eq!(faulty("after=-1"), ["after"]);
    assert_eq!(faulty("limit=0"), ["limit"]);
    assert_eq!(faulty("since=3"), ["since"]);
}

#[test]
fn a_history_holds_the_same_bytes_as_the_log() {
    let (registry, key) = with_a_few_events();
    let auditor = registry.create("registry", "auditor", &["registryEvents:read"]);
    let path = format!("/v1/partners/acme/keys/{key}/history");
    let history = registry.management(&auditor.secret).get(&path).send().expecting(200);
    let log = read(&registry, &format!("keyId={key}"));
    assert_eq!(history.json()["events"], json!(log.lines()));
    let events: Vec<_> = log.text().lines().map(ToOwned::to_owned).collect();
    for event in events {
        let event = event.split_once("\"event\":").map(|(_, event)| event.trim_end_matches('}').to_owned());
        assert!(history.text().contains(&event.expect("an event")), "nothing is serialised anew");
    }
}

#[test]
fn nothing_private_and_no_secret_is_in_the_events() {
    let registry = SHARED.get();
    let key = registry.create("private", "a", &["client:read"]);
    let renewed = registry.regenerate(&key, 60);
    let text = read(&registry, "partnerId=private").text();
    for word in ["verifier", "digest", "nonce", "pepper", "mac\"", &key.secret[13..], &renewed.secret[13..]] {
        assert!(!text.contains(word), "{word} in {text}");
    }
}

#[test]
fn a_log_longer_than_one_read_is_streamed_to_its_head() {
    let registry = Registry::start();
    let key = registry.create("long", "a", &["client:read"]);
    let operator = registry.operator();
    for n in 0..600 {
        operator.patch(&key.path(), &json!({ "name": format!("name {n}") })).send().expecting(200);
    }
    let lines = read(&registry, "").lines();
    assert_eq!(positions(&lines), (1..=603).collect::<Vec<_>>());
}
