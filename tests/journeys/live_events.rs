//! `GET /v1/events` as a live stream: what happens is told as it happens, and to nobody whose key is gone.

use std::time::Duration;

use keyledger_tests::{Client, Created, Lines, Registry, eventually};
use serde_json::{Value, json};

/// How long an event may take on a busy machine before a test calls it missing.
const PATIENCE: Duration = Duration::from_secs(10);

fn follow(client: &Client, query: &str, last_event_id: Option<&str>) -> Lines {
    let call = client.get(&format!("/v1/events?{query}")).header("accept", "text/event-stream");
    let call = match last_event_id {
        Some(id) => call.header("last-event-id", id),
        None => call,
    };
    let response = call.stream();
    assert_eq!(response.status(), 200);
    let content_type = response.headers().get("content-type").and_then(|value| value.to_str().ok());
    assert!(content_type.is_some_and(|value| value.starts_with("text/event-stream")), "{content_type:?}");
    Lines::of(response)
}

fn next(lines: &Lines) -> (u64, Value) {
    let event = lines.event_within(PATIENCE).expect("an event comes");
    let position = event.id.and_then(|id| id.parse().ok()).expect("the id is the position");
    let data: Value = serde_json::from_str(&event.data).expect("the data is JSON");
    assert_eq!(data["position"], position);
    (position, data["event"].clone())
}

#[test]
fn a_follower_gets_what_was_and_then_what_happens() {
    let registry = Registry::start();
    let lines = follow(&registry.operator(), "", None);
    assert_eq!(next(&lines).0, 1);
    assert_eq!(next(&lines).0, 2);
    for round in 3..8 {
        let key = registry.create("live", "a", &["client:read"]);
        let (position, event) = next(&lines);
        assert_eq!(position, round);
        assert_eq!(event["stream"], format!("key-{}", key.id));
    }
}

#[test]
fn a_follower_that_comes_back_resumes_where_it_was() {
    let registry = Registry::start();
    for _ in 0..5 {
        registry.create("live", "a", &["client:read"]);
    }
    let operator = registry.operator();
    let lines = follow(&operator, "", Some("5"));
    assert_eq!((next(&lines).0, next(&lines).0), (6, 7));
    // What a reconnecting browser remembers is newer than what its address once said.
    let lines = follow(&operator, "after=2", Some("6"));
    assert_eq!(next(&lines).0, 7);
    assert_eq!(next(&follow(&operator, "after=6", None)).0, 7);
}

#[test]
fn a_follower_gets_only_what_it_chose() {
    let registry = Registry::start();
    let lines = follow(&registry.operator(), "partnerId=chosen&type=KeyRevoked", None);
    let foreign = registry.create("foreign", "a", &["client:read"]);
    let chosen = registry.create("chosen", "a", &["client:read"]);
    registry.revoke(&foreign);
    registry.revoke(&chosen);
    let (_, event) = next(&lines);
    assert_eq!((&event["type"], &event["data"]["partnerId"]), (&json!("KeyRevoked"), &json!("chosen")));
}

#[test]
fn a_stream_ends_within_a_second_of_its_keys_revocation() {
    let registry = Registry::start();
    let auditor = registry.create("registry", "auditor", &["registryEvents:read"]);
    let idle = follow(&registry.management(&auditor.secret), "partnerId=nobody", None);
    let busy = follow(&registry.management(&auditor.secret), "", None);
    let other = follow(&registry.operator(), "", None);
    assert_eq!(next(&busy).0, 1);
    registry.revoke(&auditor);
    // The second that is promised, and another for a busy machine.
    let bound = Duration::from_secs(2);
    assert!(idle.end_within(bound), "an idle stream goes on");
    assert!(busy.end_within(bound), "a busy stream goes on");
    assert_eq!(next(&other).0, 1, "another key's stream goes on");
}

#[test]
fn a_stream_ends_within_a_second_of_the_secret_that_opened_it() {
    let registry = Registry::start();
    let first = registry.create("registry", "auditor", &["registryEvents:read"]);
    let follower = |key: &Created| follow(&registry.management(&key.secret), "partnerId=nobody", None);
    let of_first = follower(&first);
    let second = registry.regenerate(&first, 0);
    // The second that is promised, and another for a busy machine.
    let bound = Duration::from_secs(2);
    assert!(of_first.end_within(bound), "the stream of a superseded secret goes on");

    let of_second = follower(&second);
    let third = registry.regenerate(&first, 3600);
    let of_third = follower(&third);
    assert!(!of_second.end_within(bound), "the overlap runs");
    registry.operator().post(&first.at("end-overlap"), &json!({})).send().expecting(200);
    assert!(of_second.end_within(bound), "the stream of a secret whose overlap was ended goes on");
    assert!(!of_third.end_within(Duration::ZERO), "the newest secret's stream goes on");
}

#[test]
fn followers_do_not_hold_up_a_stop() {
    let mut registry = Registry::start();
    let lines = follow(&registry.operator(), "", None);
    assert_eq!(next(&lines).0, 1);
    let status = registry.stop();
    assert_eq!(status.code(), Some(0), "{}", registry.stderr());
    eventually("the stream ends", PATIENCE, || lines.end_within(Duration::ZERO));
}
