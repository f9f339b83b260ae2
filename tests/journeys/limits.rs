//! What a key may be: the limits of the contract, and refusals that name every faulty field.

use std::time::Duration;

use keyledger_tests::{Answer, Registry, from_now};
use serde_json::{Value, json};

use crate::SHARED;

fn create(registry: &Registry, change: &Value) -> Answer {
    let mut body = json!({ "name": "a", "scopes": ["client:read"] });
    for (name, value) in change.as_object().expect("fields") {
        body[name] = value.clone();
    }
    registry.operator().post("/v1/partners/limits/keys", &body).send()
}

#[test]
fn what_is_just_within_the_limits_is_taken() {
    let registry = SHARED.get();
    for change in [
        json!({ "name": "x".repeat(100) }),
        json!({ "name": "\u{1f511}".repeat(100) }),
        json!({ "throttle": { "ratePerSecond": 1, "burst": 1 } }),
        json!({ "throttle": { "ratePerSecond": 1_000_000, "burst": 1_000_000 } }),
        json!({ "expiresAt": from_now(Duration::from_secs(5)) }),
        json!({ "expiresAt": "9999-12-31T23:59:59.999Z" }),
        json!({ "expiresAt": "2999-01-01T00:00:00+02:00" }),
    ] {
        assert_eq!(create(&registry, &change).status, 201, "{change}");
    }
    let longest = format!("p{}", ".".repeat(63));
    let body = json!({ "name": "a", "scopes": ["client:read"] });
    registry.operator().post(&format!("/v1/partners/{longest}/keys"), &body).send().expecting(201);
    let key = registry.create("limits", "a", &["client:read"]);
    let reason = json!({ "reason": "x".repeat(500) });
    registry.operator().post(&key.at("revoke"), &reason).send().expecting(200);
}

#[test]
fn what_is_beyond_a_limit_is_refused_by_its_field() {
    let registry = SHARED.get();
    for (change, field) in [
        (json!({ "name": "" }), "name"),
        (json!({ "name": "x".repeat(101) }), "name"),
        (json!({ "name": "line\nbreak" }), "name"),
        (json!({ "name": "gnp.\u{202e}exe" }), "name"),
        (json!({ "name": 7 }), "name"),
        (json!({ "name": null }), "name"),
        (json!({ "scopes": [] }), "scopes"),
        (json!({ "scopes": "client:read" }), "scopes"),
        (json!({ "scopes": ["unheard:of"] }), "scopes"),
        (json!({ "scopes": ["client"] }), "scopes[0]"),
        (json!({ "scopes": ["client:read", format!("{}:read", "x".repeat(80))] }), "scopes[1]"),
        (json!({ "scopes": vec!["client:read"; 101] }), "scopes"),
        (json!({ "throttle": { "ratePerSecond": 0, "burst": 1 } }), "throttle.ratePerSecond"),
        (json!({ "throttle": { "ratePerSecond": 1, "burst": 1_000_001 } }), "throttle.burst"),
        (json!({ "throttle": { "ratePerSecond": 1 } }), "throttle.burst"),
        (json!({ "throttle": { "ratePerSecond": 1.5, "burst": 1 } }), "throttle.ratePerSecond"),
        (json!({ "expiresAt": "2020-01-01T00:00:00Z" }), "expiresAt"),
        (json!({ "expiresAt": "tomorrow" }), "expiresAt"),
        (json!({ "expiresAt": 4_102_444_800_u64 }), "expiresAt"),
        (json!({ "expires": "2999-01-01T00:00:00Z" }), "expires"),
    ] {
        let answer = create(&registry, &change);
        assert_eq!(answer.faulty_fields(), [field], "{change}");
        answer.problem(422, "invalid");
    }
    let key = registry.create("limits", "a", &["client:read"]);
    let reason = json!({ "reason": "x".repeat(501) });
    assert_eq!(registry.operator().post(&key.at("revoke"), &reason).send().faulty_fields(), ["reason"]);
    let replace = json!({ "replace": "both", "overlapSeconds": -1 });
    let mut faulty = registry.operator().post(&key.at("regenerate"), &replace).send().faulty_fields();
    faulty.sort();
    assert_eq!(faulty, ["overlapSeconds", "replace"]);
}

#[test]
fn every_faulty_field_is_named_at_once() {
    let registry = SHARED.get();
    let change = json!({
        "name": "", "scopes": ["unheard:of"], "throttle": { "ratePerSecond": 0, "burst": 0 },
        "expiresAt": "2020-01-01T00:00:00Z", "colour": "red"
    });
    let mut faulty = create(&registry, &change).faulty_fields();
    faulty.sort();
    assert_eq!(faulty, ["colour", "expiresAt", "name", "scopes", "throttle.burst", "throttle.ratePerSecond"]);
}

#[test]
fn an_unknown_field_hides_no_other_fault() {
    let registry = SHARED.get();
    let mut faulty = create(&registry, &json!({ "scopes": ["unheard:of"], "colour": "red" })).faulty_fields();
    faulty.sort();
    assert_eq!(faulty, ["colour", "scopes"]);
}

#[test]
fn a_partner_that_cannot_be_has_no_keys() {
    let registry = SHARED.get();
    for partner in ["-acme", ".acme", "a%20b", "%C3%A9", &"a".repeat(65)] {
        let answer = registry.operator().get(&format!("/v1/partners/{partner}/keys")).send();
        assert_eq!(answer.faulty_fields(), ["partnerId"], "{partner}");
    }
}

#[test]
fn a_secret_that_was_pasted_somewhere_is_refused_without_an_echo() {
    let registry = SHARED.get();
    let key = registry.create("limits", "a", &["client:read"]);
    for text in [key.secret.clone(), format!("see {} please", key.secret)] {
        let answers = [
            create(&registry, &json!({ "name": text })),
            registry.operator().post(&key.at("revoke"), &json!({ "reason": text })).send(),
            registry.operator().post("/v1/revocations", &json!({ "prefix": text, "reason": "x" })).send(),
        ];
        for answer in answers {
            let problem = answer.problem(422, "holds-secret");
            assert!(!answer.text().contains(&key.secret[13..]), "{problem}");
            assert!(problem["detail"].as_str().is_some_and(|detail| detail.contains("revoke")), "{problem}");
        }
    }
    assert_eq!(registry.health(&key.secret).status, 200, "nothing was done");
}
