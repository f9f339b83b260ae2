//! The whole journey, told once from the first start to the restart after a crash.

use keyledger_tests::{Created, Registry};
use serde_json::{Value, json};

fn types(history: &Value) -> Vec<&str> {
    let events = history["events"].as_array().expect("a list of events");
    events.iter().map(|event| event["event"]["type"].as_str().expect("an event has a type")).collect()
}

#[test]
fn a_key_is_created_used_regenerated_edited_and_revoked_and_all_of_it_outlives_a_crash() {
    let mut registry = Registry::start();
    let operator = registry.operator();

    let key = registry.create("acme", "billing export", &["client:read"]);
    assert_eq!(registry.health(&key.secret).expecting(200).text(), r#"{"status":"ok"}"#);
    assert_eq!(registry.authorize(&key.secret, "scope=client:read&partner=acme").status, 200);
    assert_eq!(registry.authorize(&key.secret, "scope=client:write&partner=acme").status, 403);

    let renewed = registry.regenerate(&key, 3600);
    assert_eq!(renewed.id, key.id);
    assert_eq!(registry.health(&key.secret).status, 200, "the old secret works during the overlap");
    assert_eq!(registry.health(&renewed.secret).status, 200, "and so does the new one");
    operator.post(&key.at("end-overlap"), &json!({})).send().expecting(200);
    assert_eq!(registry.health(&key.secret).status, 403, "the overlap is over");
    assert_eq!(registry.health(&renewed.secret).status, 200);

    let edit = json!({ "scopes": ["client:read", "client:write"] });
    let edited = operator.patch(&key.path(), &edit).send().expecting(200).json();
    assert_eq!(edited["prefix"], renewed.prefix, "an edit leaves the secret as it is");
    assert_eq!(registry.authorize(&renewed.secret, "scope=client:write&partner=acme").status, 200);

    let survivor = registry.create("acme", "stays", &["user:read"]);
    let revocation = json!({ "reason": "no longer needed" });
    let revoked = operator.post(&key.at("revoke"), &revocation).send().expecting(200).json();
    assert_eq!(revoked["status"], "REVOKED");
    assert_eq!(registry.health(&renewed.secret).status, 403);

    let history = operator.get(&key.at("history")).send().expecting(200).json();
    let told = ["KeyCreated", "KeyRegenerated", "KeyOverlapEnded", "KeyScopesChanged", "KeyRevoked"];
    assert_eq!(types(&history), told);

    registry.kill();
    registry.restart();
    everything_is_still_there(&registry, &renewed, &revoked, &history, &survivor);
}

fn everything_is_still_there(
    registry: &Registry,
    key: &Created,
    as_revoked: &Value,
    history: &Value,
    survivor: &Created,
) {
    let operator = registry.operator();
    assert_eq!(operator.get(&key.path()).send().expecting(200).json(), *as_revoked);
    assert_eq!(operator.get(&key.at("history")).send().expecting(200).json(), *history);
    assert_eq!(operator.get(&survivor.path()).send().expecting(200).json(), survivor.key);
    assert_eq!(registry.health(&key.secret).status, 403, "what was revoked stays revoked");
    assert_eq!(registry.health(&survivor.secret).status, 200, "what worked works");
    let next = registry.create("acme", "after the crash", &["client:read"]);
    assert_eq!(registry.health(&next.secret).status, 200);
}
