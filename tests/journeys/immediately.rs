//! A revocation is in force when it is answered: a thousand times each, and not once late.

use std::thread;

use keyledger_tests::{Created, Registry};
use serde_json::json;

/// Callers that do it at the same time, and how often each.
const CALLERS: usize = 4;
const TIMES: usize = 250;

/// Runs `once` a thousand times, from several callers at a time.
fn a_thousand_times(registry: &Registry, once: impl Fn(&Registry, usize) + Sync) {
    thread::scope(|scope| {
        for caller in 0..CALLERS {
            let once = &once;
            scope.spawn(move || (0..TIMES).for_each(|_| once(registry, caller)));
        }
    });
}

/// A key whose throttle is in nobody's way.
fn fast_key(registry: &Registry, caller: usize) -> Created {
    let throttle = json!({ "ratePerSecond": 1_000_000, "burst": 1_000_000 });
    let body = json!({ "name": "fast", "scopes": ["client:read"], "throttle": throttle });
    registry.create_from(&format!("caller-{caller}"), &body)
}

#[track_caller]
fn accepted(registry: &Registry, key: &Created) {
    assert_eq!(registry.health(&key.secret).status, 200, "{} should work", key.prefix);
}

#[track_caller]
fn refused(registry: &Registry, key: &Created) {
    assert_eq!(registry.health(&key.secret).status, 403, "{} worked after the answer", key.prefix);
}

#[test]
fn a_revoked_key_is_never_accepted_after_the_answer() {
    let registry = Registry::start();
    a_thousand_times(&registry, |registry, caller| {
        let key = registry.create(&format!("caller-{caller}"), "short-lived", &["client:read"]);
        accepted(registry, &key);
        registry.revoke(&key);
        refused(registry, &key);
    });
}

#[test]
fn a_secret_superseded_without_an_overlap_is_never_accepted_after_the_answer() {
    let registry = Registry::start();
    let keys: Vec<_> = (0..CALLERS).map(|caller| fast_key(&registry, caller)).collect();
    thread::scope(|scope| {
        for mut key in keys {
            let registry = &registry;
            scope.spawn(move || {
                for _ in 0..TIMES {
                    accepted(registry, &key);
                    let renewed = registry.regenerate(&key, 0);
                    refused(registry, &key);
                    key = renewed;
                }
            });
        }
    });
}

#[test]
fn a_superseded_secret_is_never_accepted_after_its_overlap_was_ended() {
    let registry = Registry::start();
    let keys: Vec<_> = (0..CALLERS).map(|caller| fast_key(&registry, caller)).collect();
    thread::scope(|scope| {
        for mut key in keys {
            let registry = &registry;
            scope.spawn(move || {
                let operator = registry.operator();
                for _ in 0..TIMES {
                    let renewed = registry.regenerate(&key, 3600);
                    accepted(registry, &key);
                    operator.post(&key.at("end-overlap"), &json!({})).send().expecting(200);
                    refused(registry, &key);
                    accepted(registry, &renewed);
                    key = renewed;
                }
            });
        }
    });
}
