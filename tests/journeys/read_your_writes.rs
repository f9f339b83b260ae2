//! What was answered is seen by the next question, whomever it is put to.

use keyledger_tests::Registry;
use serde_json::{Value, json};

use crate::SHARED;

fn listed(registry: &Registry, partner: &str) -> Vec<Value> {
    let list = registry.operator().get(&format!("/v1/partners/{partner}/keys")).send().expecting(200).json();
    list["keys"].as_array().expect("a list of keys").clone()
}

#[test]
fn every_command_is_in_the_list_and_in_the_verdict_when_it_is_answered() {
    let registry = SHARED.get();
    let operator = registry.operator();
    for round in 0..20 {
        let partner = format!("writer-{round}");
        let key = registry.create(&partner, "a", &["client:read"]);
        assert_eq!(listed(&registry, &partner), std::slice::from_ref(&key.key));
        assert_eq!(registry.verify(&json!({ "key": key.secret }))["code"], "VALID");

        let edit = json!({ "scopes": ["user:read"], "name": format!("round {round}") });
        let edited = operator.patch(&key.path(), &edit).send().expecting(200).json();
        assert_eq!(listed(&registry, &partner), [edited]);
        let question = json!({ "key": key.secret, "scopes": ["client:read"] });
        assert_eq!(registry.verify(&question)["code"], "INSUFFICIENT_SCOPE");

        let revoked = registry.revoke(&key);
        assert_eq!(listed(&registry, &partner), [revoked]);
        assert_eq!(registry.verify(&json!({ "key": key.secret }))["code"], "REVOKED");
    }
}

#[test]
fn every_answer_tells_the_head_it_knew_and_which_request_it_was() {
    let registry = SHARED.get();
    let operator = registry.operator();
    let key = registry.create("positions", "a", &["client:read"]);
    let renamed = operator.patch(&key.path(), &json!({ "name": "b" })).send().expecting(200);
    let position = renamed.json()["position"].as_u64().expect("a position");
    assert!(position > key.key["position"].as_u64().expect("a position"));
    assert!(renamed.position() >= position);

    let nobody = keyledger_tests::Client::new(&registry.addresses().command, None);
    let answers = [
        operator.get(&key.path()).send(),
        operator.get("/v1/partners/positions/keys/nonsense").send(),
        operator.post("/v1/partners/positions/keys", &json!({})).send(),
        nobody.get("/v1/scopes").send(),
        nobody.get("/openapi.json").send(),
    ];
    let ids: Vec<_> = answers.iter().map(|answer| answer.header("x-request-id")).collect();
    for (at, id) in ids.iter().enumerate() {
        assert!(!ids[..at].contains(id), "two requests have one id");
        assert!(answers[at].position() >= position);
    }
}

#[test]
fn an_event_names_the_request_and_the_key_that_caused_it() {
    let registry = SHARED.get();
    let admin = registry.create("actors", "admin", &["registryKeys:read", "registryKeys:write"]);
    let caller = registry.management(&admin.secret);
    let body = json!({ "name": "made", "scopes": ["client:read"] });
    // Whoever asks cannot choose who it was.
    let forged =
        caller.post("/v1/partners/actors/keys", &body).header("x-request-id", "mine").send().expecting(201);
    let key = keyledger_tests::Created::from_answer(&forged);
    let history = caller.get(&key.at("history")).send().expecting(200).json();
    let event = &history["events"][0]["event"];
    assert_eq!(event["requestId"], forged.header("x-request-id"));
    assert_ne!(event["requestId"], "mine");
    assert_eq!(event["actor"], json!({ "kind": "key", "id": admin.id }));
}
