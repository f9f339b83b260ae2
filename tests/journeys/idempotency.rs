//! The same request under the same `Idempotency-Key` happens once, however often it is sent.

use std::thread;

use keyledger_tests::{Answer, Client, Created, Registry};
use serde_json::{Value, json};

use crate::SHARED;

fn post(client: &Client, path: &str, key: &str, body: &Value) -> Answer {
    client.post(path, body).header("idempotency-key", key).send()
}

fn events(registry: &Registry, key: &Created) -> usize {
    let history = registry.operator().get(&key.at("history")).send().expecting(200).json();
    history["events"].as_array().expect("a list of events").len()
}

fn number_of_keys(registry: &Registry, partner: &str) -> usize {
    let list = registry.operator().get(&format!("/v1/partners/{partner}/keys")).send().expecting(200).json();
    list["keys"].as_array().expect("a list of keys").len()
}

#[track_caller]
fn assert_secret_withheld(answer: &Answer, told: &str) {
    let json = answer.json();
    assert_eq!(json["secret"], Value::Null, "{json}");
    assert!(json["secretNote"].as_str().is_some_and(|note| note.contains(told)), "{json}");
}

#[test]
fn a_create_that_is_repeated_gives_the_same_key_and_no_second_secret() {
    let registry = SHARED.get();
    let operator = registry.operator();
    let (path, body) = ("/v1/partners/again/keys", json!({ "name": "a", "scopes": ["client:read"] }));
    let key = Created::from_answer(&post(&operator, path, "create-1", &body).expecting(201));
    for _ in 0..2 {
        let repeated = post(&operator, path, "create-1", &body).expecting(201);
        assert_eq!(repeated.json()["key"], key.key);
        assert_eq!(repeated.header("location"), key.path());
        assert_secret_withheld(&repeated, "replace: \"newest\"");
    }
    assert_eq!(number_of_keys(&registry, "again"), 1);
    assert_eq!(events(&registry, &key), 1);
    assert_eq!(registry.health(&key.secret).status, 200);

    let other = json!({ "name": "b", "scopes": ["client:read"] });
    post(&operator, path, "create-1", &other).problem(422, "idempotency-key-reused");
    post(&operator, "/v1/partners/again2/keys", "create-1", &body).problem(422, "idempotency-key-reused");
    assert_eq!(number_of_keys(&registry, "again"), 1);
    // The order of fields and white space do not make another request.
    let reordered = operator.call("POST", path).header("idempotency-key", "create-1");
    let reordered =
        reordered.body("application/json", br#"{ "scopes": ["client:read"],  "name": "a" }"#).send();
    assert_eq!(reordered.expecting(201).json()["key"]["keyId"], key.id);
}

#[test]
fn a_regenerate_that_is_repeated_makes_no_third_secret() {
    let registry = SHARED.get();
    let operator = registry.operator();
    let body = json!({ "name": "a", "scopes": ["client:read"] });
    let created = post(&operator, "/v1/partners/again-regenerate/keys", "create-2", &body);
    let key = Created::from_answer(&created.expecting(201));
    let first = post(&operator, &key.at("regenerate"), "regenerate-1", &json!({}));
    let renewed = Created::from_answer(&first.expecting(200));
    let repeated = post(&operator, &key.at("regenerate"), "regenerate-1", &json!({})).expecting(200);
    assert_eq!(repeated.json()["key"], renewed.key);
    assert_secret_withheld(&repeated, "replace: \"newest\"");
    let created = post(&operator, "/v1/partners/again-regenerate/keys", "create-2", &body).expecting(201);
    assert_secret_withheld(&created, "regenerated since");
    assert_eq!(events(&registry, &key), 2);
    assert_eq!(registry.health(&renewed.secret).status, 200);
    let other = json!({ "overlapSeconds": 5 });
    post(&operator, &key.at("regenerate"), "regenerate-1", &other).problem(422, "idempotency-key-reused");
}

#[test]
fn an_end_of_overlap_and_a_revocation_that_are_repeated_record_nothing_more() {
    let registry = SHARED.get();
    let operator = registry.operator();
    let key = registry.create("again-revoke", "a", &["client:read"]);
    registry.regenerate(&key, 3600);
    let ended = post(&operator, &key.at("end-overlap"), "end-1", &json!({})).expecting(200).json();
    assert_eq!(post(&operator, &key.at("end-overlap"), "end-1", &json!({})).expecting(200).json(), ended);

    let body = json!({ "reason": "done" });
    let revoked = post(&operator, &key.at("revoke"), "revoke-1", &body).expecting(200).json();
    assert_eq!(post(&operator, &key.at("revoke"), "revoke-1", &body).expecting(200).json(), revoked);
    assert_eq!(events(&registry, &key), 4);
    let other = json!({ "reason": "other" });
    post(&operator, &key.at("revoke"), "revoke-1", &other).problem(422, "idempotency-key-reused");
}

#[test]
fn an_emergency_revocation_that_is_repeated_says_the_same_and_spares_newer_keys() {
    let registry = SHARED.get();
    let operator = registry.operator();
    let keys: Vec<_> = (0..3).map(|_| registry.create("again-all", "a", &["client:read"])).collect();
    let body = json!({ "partnerId": "again-all", "all": true, "reason": "leak" });
    let done = post(&operator, "/v1/revocations", "all-1", &body).expecting(200).json();
    assert_eq!(done["revoked"], 3);
    let newer = registry.create("again-all", "newer", &["client:read"]);
    let repeated = post(&operator, "/v1/revocations", "all-1", &body).expecting(200).json();
    assert_eq!(repeated, done);
    assert_eq!(registry.health(&newer.secret).status, 200, "nobody meant a key that was not there yet");
    for key in &keys {
        assert_eq!(events(&registry, key), 2);
    }
}

#[test]
fn two_principals_do_not_share_idempotency_keys() {
    let registry = SHARED.get();
    let (one, two) = (registry.admin("principal-1"), registry.admin("principal-2"));
    let body = json!({ "name": "a", "scopes": ["client:read"] });
    let first = post(&one, "/v1/partners/principal-1/keys", "same", &body).expecting(201).json();
    let second = post(&two, "/v1/partners/principal-2/keys", "same", &body).expecting(201).json();
    assert_ne!(first["key"]["keyId"], second["key"]["keyId"]);
    assert!(second["secret"].is_string());
}

#[test]
fn of_requests_at_the_same_moment_one_is_done_and_the_others_are_told_so() {
    let registry = SHARED.get();
    let operator = registry.operator();
    let body = json!({ "name": "a", "scopes": ["client:read"] });
    for round in 0..5 {
        let name = format!("race-{round}");
        let send = || post(&operator, "/v1/partners/race/keys", &name, &body);
        let answers: Vec<_> = thread::scope(|scope| {
            let callers: Vec<_> = (0..6).map(|_| scope.spawn(send)).collect();
            callers.into_iter().map(|caller| caller.join().expect("a caller ends")).collect()
        });
        let (done, refused): (Vec<_>, Vec<_>) = answers.iter().partition(|answer| answer.status == 201);
        let with_secret = done.iter().filter(|answer| answer.json()["secret"].is_string());
        assert_eq!(with_secret.count(), 1, "the secret is shown once");
        for answer in refused {
            answer.problem(409, "idempotency-key-in-flight");
        }
        assert_eq!(number_of_keys(&registry, "race"), round + 1);
    }
}

#[test]
fn a_retry_after_a_crash_finds_what_was_done() {
    let mut registry = Registry::start();
    let body = json!({ "name": "a", "scopes": ["client:read"] });
    let path = "/v1/partners/crash/keys";
    let key = Created::from_answer(&post(&registry.operator(), path, "before", &body).expecting(201));
    let revoked = post(&registry.operator(), &key.at("revoke"), "end", &json!({})).expecting(200).json();
    registry.kill();
    registry.restart();
    let repeated = post(&registry.operator(), path, "before", &body).expecting(201);
    assert_eq!(repeated.json()["key"]["keyId"], key.id);
    assert_secret_withheld(&repeated, "revoked since");
    assert_eq!(
        post(&registry.operator(), &key.at("revoke"), "end", &json!({})).expecting(200).json(),
        revoked
    );
    assert_eq!(events(&registry, &key), 2);
}

#[test]
fn an_idempotency_key_is_1_to_255_printable_ascii_characters() {
    let registry = SHARED.get();
    let operator = registry.operator();
    let body = json!({ "name": "a", "scopes": ["client:read"] });
    for bad in ["", &"x".repeat(256), "caf\u{e9}", "a\tb"] {
        post(&operator, "/v1/partners/shape/keys", bad, &body).problem(400, "malformed");
    }
    let longest = "~".repeat(255);
    post(&operator, "/v1/partners/shape/keys", &longest, &body).expecting(201);
}
