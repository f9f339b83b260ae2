//! The throttle: one bucket for each key, with a steady rate and a burst.

use std::thread::sleep;
use std::time::{Duration, Instant};

use keyledger_tests::{Created, Registry};
use serde_json::{Value, json};

use crate::SHARED;

fn key(registry: &Registry, rate: u32, burst: u32) -> Created {
    let throttle = json!({ "ratePerSecond": rate, "burst": burst });
    let body = json!({ "name": "throttled", "scopes": ["client:read"], "throttle": throttle });
    registry.create_from("throttle", &body)
}

fn level(registry: &Registry, key: &Created) -> u64 {
    let verdict = registry.verify(&json!({ "key": key.secret, "cost": 0 }));
    verdict["throttle"]["remaining"].as_u64().unwrap_or_else(|| panic!("no level: {verdict}"))
}

#[test]
fn a_burst_goes_through_and_then_the_rate_decides() {
    let registry = SHARED.get();
    let key = key(&registry, 2, 5);
    let begun = Instant::now();
    let statuses: Vec<_> = (0..40).map(|_| registry.health(&key.secret).status).collect();
    let passed = statuses.iter().filter(|status| **status == 200).count() as u64;
    let refilled = 2 * begun.elapsed().as_millis() as u64 / 1000 + 1;
    assert_eq!(statuses[..5], [200; 5]);
    assert!((5..=5 + refilled).contains(&passed), "{passed} passed");
    assert!(statuses.iter().all(|status| [200, 429].contains(status)), "{statuses:?}");

    let refused = (0..).map(|_| registry.health(&key.secret)).find(|answer| answer.status == 429);
    let wait =
        refused.expect("the bucket is soon empty").header("retry-after").parse().expect("whole seconds");
    assert_eq!(wait, 1, "half a second is told as a whole one");
    sleep(Duration::from_secs(wait));
    assert_eq!(registry.health(&key.secret).status, 200, "after the time that was told it works");
}

#[test]
fn the_headers_tell_what_is_left_and_when_the_bucket_is_full() {
    let registry = SHARED.get();
    let key = key(&registry, 1, 10);
    let begun = Instant::now();
    let told: Vec<_> = (0..3)
        .map(|_| {
            let answer = registry.authorize(&key.secret, "").expecting(200);
            assert_eq!(answer.header("ratelimit-policy"), r#""key";q=1;w=1"#);
            answer.header("ratelimit").to_owned()
        })
        .collect();
    assert_eq!(told[0], r#""key";r=9;t=1"#);
    if begun.elapsed() < Duration::from_secs(1) {
        assert_eq!(told, [r#""key";r=9;t=1"#, r#""key";r=8;t=2"#, r#""key";r=7;t=3"#]);
    }
}

#[test]
fn the_secrets_of_a_key_share_its_bucket_and_keys_do_not() {
    let registry = SHARED.get();
    let first = key(&registry, 1, 6);
    let second = registry.regenerate(&first, 3600);
    let other = key(&registry, 1, 6);
    for _ in 0..3 {
        assert_eq!(registry.health(&first.secret).status, 200);
        assert_eq!(registry.health(&second.secret).status, 200);
    }
    assert!(level(&registry, &first) <= 2, "six of six tokens are spent, and few came back");
    assert_eq!(level(&registry, &other), 6);
}

#[test]
fn a_refused_request_spends_nothing() {
    let registry = SHARED.get();
    let key = key(&registry, 1, 10);
    for _ in 0..5 {
        assert_eq!(registry.authorize(&key.secret, "scope=user:read").status, 403);
        assert_eq!(registry.authorize(&key.secret, "partner=other").status, 403);
        let too_much = registry.verify(&json!({ "key": key.secret, "cost": 11 }));
        assert_eq!(too_much["code"], "THROTTLED");
    }
    assert_eq!(level(&registry, &key), 10);
}

#[test]
fn verify_spends_what_it_is_told_to() {
    let registry = SHARED.get();
    let key = key(&registry, 1, 100);
    let spend = |cost: u32| registry.verify(&json!({ "key": key.secret, "cost": cost }));
    let left = |verdict: Value| verdict["throttle"]["remaining"].as_u64().expect("a level");
    assert_eq!(left(spend(60)), 40);
    // A token comes back each second, and a busy machine may take some.
    assert!((40..50).contains(&left(spend(0))));
    let short = spend(60);
    assert_eq!(short["code"], "THROTTLED");
    let wait = short["throttle"]["retryAfterSeconds"].as_u64().expect("seconds");
    assert!((10..=20).contains(&wait), "up to twenty tokens are missing: {short}");
    assert!((39..50).contains(&left(spend(1))), "what was refused spent nothing");
}

#[test]
fn a_changed_throttle_holds_at_once() {
    let registry = SHARED.get();
    let key = key(&registry, 1, 2);
    let drained = (0..50).any(|_| registry.health(&key.secret).status == 429);
    assert!(drained);
    let more = json!({ "throttle": { "ratePerSecond": 1000, "burst": 1000 } });
    registry.operator().patch(&key.path(), &more).send().expecting(200);
    sleep(Duration::from_millis(50));
    assert_eq!(registry.health(&key.secret).status, 200, "at the new rate a token is there in a moment");
}

#[test]
fn the_management_api_spends_nothing() {
    let registry = SHARED.get();
    let admin = registry.create("unthrottled", "admin", &["registryKeys:read"]);
    let client = registry.management(&admin.secret);
    for _ in 0..40 {
        client.get("/v1/partners/unthrottled/keys").send().expecting(200);
    }
    assert_eq!(level(&registry, &admin), 20);
}
