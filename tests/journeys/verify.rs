//! `POST /v1/verify`: the verdict with its reason.

use std::time::{Duration, Instant};

use keyledger_tests::{Registry, Wire, eventually, from_now, unknown_secret, wrong_secret_for};
use serde_json::{Value, json};

use crate::SHARED;

fn names(verdict: &Value) -> Vec<&str> {
    verdict.as_object().expect("an object").keys().map(String::as_str).collect()
}

#[track_caller]
fn assert_code(registry: &Registry, question: &Value, code: &str) -> Value {
    let verdict = registry.verify(question);
    assert_eq!(verdict["code"], code, "{verdict}");
    assert_eq!(verdict["valid"], code == "VALID", "{verdict}");
    verdict
}

#[test]
fn a_valid_key_is_told_in_full() {
    let registry = SHARED.get();
    let expiry = from_now(Duration::from_secs(3600));
    let body = json!({ "name": "a", "scopes": ["client:read"], "expiresAt": expiry });
    let key = registry.create_from("verify", &body);
    let question = json!({ "key": key.secret, "scopes": ["clientEmail:read"], "partnerId": "verify" });
    let verdict = assert_code(&registry, &question, "VALID");
    let members =
        ["valid", "code", "keyId", "partnerId", "scopes", "throttle", "expiresAt", "position", "stalenessMs"];
    assert_eq!(names(&verdict), members);
    assert_eq!(verdict["keyId"], key.id);
    assert_eq!(verdict["partnerId"], "verify");
    assert_eq!(verdict["scopes"], json!(["client:read"]));
    assert_eq!(verdict["throttle"], json!({ "limit": 20, "remaining": 19, "retryAfterSeconds": null }));
    assert_eq!(verdict["expiresAt"], expiry);
    assert!(verdict["position"].as_u64() >= key.key["position"].as_u64(), "{verdict}");
    assert!(verdict["stalenessMs"].as_u64().is_some_and(|age| age < 5_000), "{verdict}");
}

#[test]
fn every_verdict_comes_with_its_code_and_says_who_only_where_the_secret_was_right() {
    let registry = SHARED.get();
    let key = registry.create("verify", "a", &["client:read"]);
    for (stranger, code) in
        [("junk", "MALFORMED"), (&unknown_secret(), "UNKNOWN"), (&wrong_secret_for(&key.prefix), "UNKNOWN")]
    {
        let verdict = assert_code(&registry, &json!({ "key": stranger }), code);
        for member in ["keyId", "partnerId", "scopes", "throttle", "expiresAt"] {
            assert_eq!(verdict[member], Value::Null, "{member} of {code}");
        }
    }
    let known = |question: &Value, code: &str| {
        let verdict = assert_code(&registry, question, code);
        assert!(verdict["keyId"].is_string() && verdict["partnerId"] == "verify", "{verdict}");
    };
    known(&json!({ "key": key.secret, "partnerId": "other" }), "WRONG_PARTNER");
    known(&json!({ "key": key.secret, "scopes": ["client:read", "user:read"] }), "INSUFFICIENT_SCOPE");
    let renewed = registry.regenerate(&key, 0);
    known(&json!({ "key": key.secret }), "SUPERSEDED");
    registry.revoke(&key);
    known(&json!({ "key": renewed.secret }), "REVOKED");
    let slow =
        json!({ "name": "slow", "scopes": ["client:read"], "throttle": { "ratePerSecond": 1, "burst": 1 } });
    let slow = registry.create_from("verify", &slow);
    known(&json!({ "key": slow.secret }), "VALID");
    eventually("the bucket is empty", Duration::from_secs(10), || {
        registry.verify(&json!({ "key": slow.secret }))["code"] == "THROTTLED"
    });
    let expiry = from_now(Duration::from_millis(1500));
    let short = json!({ "name": "short", "scopes": ["client:read"], "expiresAt": expiry });
    let short = registry.create_from("verify", &short);
    let question = json!({ "key": short.secret, "cost": 0 });
    eventually("the key expires", Duration::from_secs(10), || {
        registry.verify(&question)["code"] == "EXPIRED"
    });
    known(&json!({ "key": short.secret }), "EXPIRED");
}

#[test]
fn of_several_reasons_the_first_one_is_the_verdict() {
    let registry = SHARED.get();
    let body =
        json!({ "name": "a", "scopes": ["client:read"], "throttle": { "ratePerSecond": 1, "burst": 1 } });
    let key = registry.create_from("verify-order", &body);
    let renewed = registry.regenerate(&key, 0);
    let everything =
        |secret: &str| json!({ "key": secret, "partnerId": "other", "scopes": ["user:read"], "cost": 2 });
    assert_code(&registry, &everything(&key.secret), "SUPERSEDED");
    assert_code(&registry, &everything(&renewed.secret), "WRONG_PARTNER");
    let unscoped = json!({ "key": renewed.secret, "scopes": ["user:read"], "cost": 2 });
    assert_code(&registry, &unscoped, "INSUFFICIENT_SCOPE");
    assert_code(&registry, &json!({ "key": renewed.secret, "cost": 2 }), "THROTTLED");
    registry.revoke(&key);
    assert_code(&registry, &everything(&key.secret), "REVOKED");
    assert_code(&registry, &everything(&renewed.secret), "REVOKED");
}

#[test]
fn a_minimum_position_is_waited_for_and_not_for_long() {
    let registry = SHARED.get();
    let key = registry.create("verify", "a", &["client:read"]);
    let position = key.key["position"].as_u64().expect("a position");
    let verdict = assert_code(&registry, &json!({ "key": key.secret, "minPosition": position }), "VALID");
    assert!(verdict["position"].as_u64() >= Some(position));

    let asked = Instant::now();
    let far = json!({ "key": key.secret, "minPosition": position + 1_000_000 });
    let answer = registry.validator().post("/v1/verify", &far).send().expecting(503);
    assert_eq!(answer.text(), r#"{"message":"Service Unavailable"}"#);
    assert_eq!(answer.header("retry-after"), "1");
    let waited = asked.elapsed();
    assert!(waited >= Duration::from_millis(900) && waited < Duration::from_secs(5), "{waited:?}");
}

#[test]
fn six_hundred_who_wait_for_a_position_keep_nobody_from_being_judged() {
    let registry = Registry::start();
    let key = registry.create("verify", "a", &["client:read"]);
    let body = json!({ "key": key.secret, "minPosition": 1_000_000 }).to_string();
    let question = format!(
        "POST /v1/verify HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    let address = &registry.addresses().validator;
    let mut waiting: Vec<_> = (0..600).map(|_| Wire::connect(address)).collect();
    for wire in &mut waiting {
        wire.send(&question);
    }
    for _ in 0..10 {
        assert_eq!(registry.health(&key.secret).status, 200, "there is room beside them");
    }
    for wire in &mut waiting {
        let answer = wire.answer();
        assert_eq!((answer.status(), answer.header("retry-after")), (503, Some("1")), "{answer:?}");
    }
    let metrics = registry.validator_ops().get("/metrics").send().expecting(200).text();
    let overload = "keyledger_listener_refused_requests_total{listener=\"validator\",reason=\"overload\"}";
    let shed = metrics.lines().find_map(|line| line.strip_prefix(overload)).map(str::trim);
    assert_eq!(shed, Some("0"), "it is the bound on waiters that refused");
}

#[test]
fn a_faulty_question_is_refused_and_its_fields_are_named() {
    let registry = SHARED.get();
    let validator = registry.validator();
    let ask = |body: &Value| validator.post("/v1/verify", body).send();
    assert_eq!(ask(&json!({})).faulty_fields(), ["key"]);
    assert_eq!(ask(&json!({ "key": "a", "scope": "b" })).faulty_fields(), ["scope"]);
    assert_eq!(ask(&json!({ "key": "a", "cost": -1, "minPosition": "x" })).faulty_fields().len(), 2);
    assert_eq!(ask(&json!({ "key": "a", "scopes": null })).faulty_fields(), ["scopes"]);
    let raw = |content_type: &str, body: &[u8]| {
        validator.call("POST", "/v1/verify").body(content_type, body).send()
    };
    assert_eq!(raw("application/json", b"{").status, 400);
    assert_eq!(raw("text/plain", br#"{"key":"a"}"#).status, 415);
    let large = format!(r#"{{"key":"{}"}}"#, "x".repeat(65 * 1024));
    assert_eq!(raw("application/json", large.as_bytes()).status, 413);
    assert_eq!(validator.get("/v1/verify").send().expecting(405).header("allow"), "POST");
    assert_eq!(validator.get("/v1/nothing").send().status, 404);
}

#[test]
fn verify_can_be_switched_off() {
    let registry = Registry::with(&[("KEYLEDGER_VALIDATOR__VERIFY", "false")]);
    let key = registry.create("off", "a", &["client:read"]);
    let answer = registry.validator().post("/v1/verify", &json!({ "key": key.secret })).send();
    assert_eq!(answer.status, 404);
    assert_eq!(registry.health(&key.secret).status, 200);
}
