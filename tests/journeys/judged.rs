//! "How a request is judged": every row, with its exact status, headers and body.

use std::time::Duration;

use keyledger_tests::{
    Created, RawAnswer, Registry, Wire, eventually, from_now, unknown_secret, with_checksum, wrong_secret_for,
};
use serde_json::json;

use crate::SHARED;

const FORBIDDEN: &str = r#"{"message":"Forbidden"}"#;
const NOT_ALLOWED: &str = r#"{"error":{"code":"FORBIDDEN","message":"Operation not allowed"}}"#;

/// Both routes that answer a partner's request, as a gateway would call them.
const ROUTES: [&str; 2] = ["/v1/health", "/v1/authorize?scope=client:read&partner=judged"];

fn ask(registry: &Registry, route: &str, headers: &str) -> RawAnswer {
    let request = format!("GET {route} HTTP/1.1\r\nhost: api.example\r\n{headers}\r\n");
    registry.settle();
    Wire::exchange(&registry.addresses().validator, request)
}

fn with_key(secret: &str) -> String {
    format!("x-api-key: {secret}\r\n")
}

#[track_caller]
fn assert_json(answer: &RawAnswer, status: u16, body: &str) {
    assert_eq!(answer.status(), status, "{answer:?}");
    assert_eq!(answer.header("content-type"), Some("application/json"), "{answer:?}");
    assert_eq!(String::from_utf8_lossy(&answer.body), body);
}

/// A key of which a secret was superseded, with the dead secret.
fn superseded(registry: &Registry) -> Created {
    let key = registry.create("judged", "superseded", &["client:read"]);
    registry.regenerate(&key, 0);
    key
}

fn revoked(registry: &Registry) -> Created {
    let key = registry.create("judged", "revoked", &["client:read"]);
    registry.revoke(&key);
    key
}

fn expired(registry: &Registry) -> Created {
    let expiry = from_now(Duration::from_millis(1500));
    let body = json!({ "name": "expired", "scopes": ["client:read"], "expiresAt": expiry });
    let key = registry.create_from("judged", &body);
    eventually("the key expires", Duration::from_secs(20), || registry.health(&key.secret).status == 403);
    key
}

/// Every way not to have a good key, as headers.
fn keys_that_are_none(registry: &Registry) -> Vec<(&'static str, String)> {
    let live = registry.create("judged", "live", &["client:read"]);
    let one_off = format!("{}{}", &live.secret[..50], if live.secret.ends_with('0') { '1' } else { '0' });
    let foreign_marker = with_checksum(&live.secret[..45].replace("_kl1_", "_xx1_"));
    vec![
        ("missing", String::new()),
        ("empty", "x-api-key:\r\n".to_owned()),
        ("unknown", with_key(&unknown_secret())),
        ("a wrong secret under a known prefix", with_key(&wrong_secret_for(&live.prefix))),
        ("malformed", with_key("not-a-key")),
        ("malformed by one character", with_key(&one_off)),
        ("with a character too many", with_key(&format!("{}x", live.secret))),
        ("in another case", with_key(&live.secret.to_ascii_uppercase())),
        ("with another marker", with_key(&foreign_marker)),
        ("in quotes", with_key(&format!("\"{}\"", live.secret))),
        ("beyond ASCII", with_key(&"\u{e9}".repeat(30))),
        ("as a bearer token", format!("authorization: Bearer {}\r\n", live.secret)),
        ("under another name", format!("api-key: {}\r\n", live.secret)),
        ("in a cookie", format!("cookie: x-api-key={}\r\n", live.secret)),
        ("revoked", with_key(&revoked(registry).secret)),
        ("expired", with_key(&expired(registry).secret)),
        ("superseded", with_key(&superseded(registry).secret)),
    ]
}

#[test]
fn no_key_and_every_key_that_is_none_get_one_answer_byte_for_byte() {
    let registry = SHARED.get();
    let cases = keys_that_are_none(&registry);
    for route in ROUTES {
        let first = ask(&registry, route, "");
        assert_json(&first, 403, FORBIDDEN);
        for (case, headers) in &cases {
            assert_eq!(
                ask(&registry, route, headers).without_date(),
                first.without_date(),
                "{case}, at {route}"
            );
        }
    }
    let in_the_query = format!("/v1/health?x-api-key={}", registry.operator_key());
    let first = ask(&registry, ROUTES[0], "");
    assert_eq!(ask(&registry, &in_the_query, "").without_date(), first.without_date());
}

#[test]
fn a_good_key_without_a_scope_or_for_another_partner_is_told_that_it_may_not() {
    let registry = SHARED.get();
    let key = registry.create("judged", "narrow", &["client:read"]);
    let cases = [
        "scope=client:write&partner=judged",
        "scope=client:read&scope=client:write&partner=judged",
        "scope=clientemail:read&partner=judged",
        "scope=conversation:read",
        "scope=nonsense",
        "scope=",
        "scope=registryKeys:read&partner=judged",
        "scope=client:read&partner=other",
        "partner=other",
        "partner=Judged",
    ];
    for query in cases {
        let answer = ask(&registry, &format!("/v1/authorize?{query}"), &with_key(&key.secret));
        assert_json(&answer, 403, NOT_ALLOWED);
        assert_eq!(answer.header("x-key-id"), None, "a refusal identifies nothing, at {query}");
    }
}

#[test]
fn a_scope_on_a_parent_covers_its_children_and_no_verb_covers_another() {
    let registry = SHARED.get();
    let parent = registry.create("judged", "parent", &["client:read"]);
    let child = registry.create("judged", "child", &["clientEmail:read"]);
    assert_eq!(registry.authorize(&parent.secret, "scope=clientEmail:read").status, 200);
    assert_eq!(registry.authorize(&parent.secret, "scope=clientEmail:write").status, 403);
    assert_eq!(registry.authorize(&child.secret, "scope=clientEmail:read").status, 200);
    assert_eq!(registry.authorize(&child.secret, "scope=client:read").status, 403);
}

#[test]
fn a_key_of_the_registry_itself_passes_health_and_is_no_key_of_the_api() {
    let registry = SHARED.get();
    let key = registry.operator_key();
    assert_eq!(registry.health(&key).status, 200);
    for query in ["scope=client:read", "scope=registry:operate", "partner=registry", ""] {
        let answer = ask(&registry, &format!("/v1/authorize?{query}"), &with_key(&key));
        assert_json(&answer, 403, NOT_ALLOWED);
    }
    let admin = registry.create("judged", "admin", &["registryKeys:read", "client:read"]);
    assert_eq!(registry.authorize(&admin.secret, "scope=client:read").status, 200);
    assert_eq!(registry.authorize(&admin.secret, "scope=registryKeys:read").status, 403);
}

#[test]
fn a_key_over_its_throttle_is_told_when_to_come_back() {
    let registry = SHARED.get();
    for route in ROUTES {
        let body = json!({
            "name": "slow", "scopes": ["client:read"], "throttle": { "ratePerSecond": 1, "burst": 1 }
        });
        let key = registry.create_from("judged", &body);
        let mut answers = (0..50).map(|_| ask(&registry, route, &with_key(&key.secret)));
        let over = answers.find(|answer| answer.status() != 200).expect("a burst of one is soon used up");
        assert_json(&over, 429, r#"{"message":"Too Many Requests"}"#);
        assert_eq!(over.header("retry-after"), Some("1"));
    }
}

#[test]
fn two_keys_in_one_request_are_a_bad_request_whatever_they_are() {
    let registry = SHARED.get();
    let key = registry.create("judged", "doubled", &["client:read"]).secret;
    let other = unknown_secret();
    for (first, second) in [(&key, &key), (&key, &other), (&other, &key), (&other, &other)] {
        for route in ROUTES {
            let answer = ask(&registry, route, &format!("{}X-API-Key: {second}\r\n", with_key(first)));
            assert_json(&answer, 400, r#"{"message":"Bad Request"}"#);
            let joined = ask(&registry, route, &with_key(&format!("{first}, {second}")));
            assert_json(&joined, 400, r#"{"message":"Bad Request"}"#);
        }
    }
}

#[test]
fn a_good_key_proves_its_partner_its_operations_and_its_bucket() {
    let registry = SHARED.get();
    let key = registry.create("judged", "good", &["client:read", "user:write"]);
    let answer = ask(&registry, ROUTES[1], &with_key(&key.secret));
    assert_eq!(answer.status(), 200, "{answer:?}");
    assert_eq!(answer.header("x-partner-id"), Some("judged"));
    assert_eq!(answer.header("x-key-id"), Some(key.id.as_str()));
    assert_eq!(answer.header("x-key-scopes"), Some("client:read user:write"));
    assert_eq!(answer.header("ratelimit-policy"), Some(r#""key";q=10;w=1"#));
    assert_eq!(answer.header("ratelimit"), Some(r#""key";r=19;t=1"#), "one of twenty tokens is spent");
    let position: u64 =
        answer.header("x-log-position").and_then(|text| text.parse().ok()).expect("a position");
    assert!(position >= key.key["position"].as_u64().expect("a position"), "{position}");
    assert_json(&ask(&registry, ROUTES[0], &with_key(&key.secret)), 200, r#"{"status":"ok"}"#);
}

#[test]
fn a_gateway_may_ask_with_any_method_and_with_the_callers_own_query() {
    let registry = SHARED.get();
    let key = registry.create("judged", "any method", &["client:read"]);
    for method in ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "PROPFIND"] {
        let route = "/v1/authorize?scope=client%3Aread&partner=judged&page=2&q=a%20b&empty&=x";
        let request = format!("{method} {route} HTTP/1.1\r\nhost: a\r\nx-api-key: {}\r\n\r\n", key.secret);
        let answer = Wire::exchange(&registry.addresses().validator, request);
        assert_eq!(answer.status(), 200, "{method}: {answer:?}");
    }
}

#[test]
fn a_caller_takes_nothing_away_that_the_gateway_asks_for() {
    let registry = SHARED.get();
    let key = registry.create("judged", "caller's query", &["client:read"]);
    for callers in ["%23", "&scope=client:read", "?scope=client:read", "&scope", "&partner=judged"] {
        let route = format!("/v1/authorize?scope=user:write&x={callers}");
        assert_json(&ask(&registry, &route, &with_key(&key.secret)), 403, NOT_ALLOWED);
    }
    for query in ["scope=user:write&x=#", "x=#&scope=user:write", "scope=client:read#"] {
        let answer = ask(&registry, &format!("/v1/authorize?{query}"), &with_key(&key.secret));
        assert_json(&answer, 400, r#"{"message":"Bad Request"}"#);
    }
}

#[test]
fn what_the_callers_query_holds_is_not_logged() {
    let registry = SHARED.get();
    let key = registry.create("judged", "query", &["client:read"]);
    let query = "scope=client:read&session=CANARY7f3a";
    assert_eq!(registry.authorize(&key.secret, query).status, 200);
    assert_eq!(registry.authorize(&unknown_secret(), query).status, 403);
    let logged = registry.stderr();
    assert!(!logged.contains("CANARY7f3a") && !logged.contains(&key.secret), "{logged}");
}
