//! When a secret was last used: only what was allowed counts, to the minute, and the time never goes back.

use std::{
    sync::atomic::{AtomicBool, Ordering::SeqCst},
    thread,
    time::Duration,
};

use actix_web::{http::Method, test::TestRequest};
use keyledger_domain::{
    PartnerId, Throttle, Timestamp,
    envelope::{MacKey, MacKeyId, MacKeys},
    event::KeyCreated,
};
use keyledger_validator::{Demand, KeyIndex, WorkingKey};
use serde_json::json;

use crate::fixture::{TestSecret, World, ask, at, created, partner, superseded, validator, with_key};

const MINUTE: Duration = Duration::from_secs(60);

fn last_used(world: &World, secret: TestSecret) -> Option<Timestamp> {
    world.index.last_used(secret.prefix())
}

#[track_caller]
fn use_it(world: &World, secret: TestSecret) {
    assert_eq!(code(world, secret, &WorkingKey, 1), "VALID");
}

fn code(world: &World, secret: TestSecret, demand: &impl Demand, cost: u32) -> String {
    let verdict = world.index.authenticate(&secret.0, demand, cost);
    verdict.map_or("none", |verdict| verdict.code.as_str()).to_owned()
}

/// A partner and a scope that are needed.
struct Needed(&'static str, &'static str);

impl Demand for Needed {
    fn allows_partner(&self, owner: &PartnerId) -> bool {
        *owner == partner(self.0)
    }

    fn is_met(&self, granted: &dyn Fn(&str) -> bool) -> bool {
        granted(self.1)
    }
}

#[test]
fn a_use_is_told_to_the_minute_it_fell_in() {
    let mut world = World::new();
    let (key, unused) = (world.key(), world.key());
    assert_eq!(last_used(&world, key.secret), None);
    world.pass(Duration::from_millis(59_999));
    use_it(&world, key.secret);
    assert_eq!(last_used(&world, key.secret), Some(at(0)));
    world.pass(Duration::from_millis(1));
    assert_eq!(last_used(&world, key.secret), Some(at(0)));
    use_it(&world, key.secret);
    assert_eq!(last_used(&world, key.secret), Some(at(60)));
    assert_eq!(last_used(&world, unused.secret), None);
    let nobodys = world.mint();
    assert_eq!(last_used(&world, nobodys), None);
}

#[test]
fn a_refusal_is_no_use() {
    let mut world = World::new();
    let throttle = Throttle::new(1, 1).expect("a throttle");
    let key = world.create(KeyCreated { throttle, ..created("acme", &["client:read"]) });
    let impostor = world.impostor(key.secret);
    for (secret, demand, cost, refusal) in [
        (impostor, Needed("acme", "client:read"), 1, "UNKNOWN"),
        (key.secret, Needed("other", "client:read"), 1, "WRONG_PARTNER"),
        (key.secret, Needed("acme", "user:read"), 1, "INSUFFICIENT_SCOPE"),
        (key.secret, Needed("acme", "client:read"), 2, "THROTTLED"),
    ] {
        assert_eq!(code(&world, secret, &demand, cost), refusal);
        assert_eq!(last_used(&world, key.secret), None, "{refusal}");
    }
    let expired = world.create(KeyCreated { expires_at: Some(at(0)), ..created("acme", &["client:read"]) });
    assert_eq!(code(&world, expired.secret, &WorkingKey, 1), "EXPIRED");
    let next = world.regenerate(key, vec![]);
    assert_eq!(code(&world, key.secret, &WorkingKey, 1), "SUPERSEDED");
    world.revoke(next);
    assert_eq!(code(&world, next.secret, &WorkingKey, 1), "REVOKED");
    let cut_off = world.key();
    world.silence(Duration::from_secs(61));
    assert_eq!(code(&world, cut_off.secret, &WorkingKey, 1), "none");
    for secret in [expired, key, next, cut_off].map(|key| key.secret) {
        assert_eq!(last_used(&world, secret), None);
    }
}

#[test]
fn a_look_that_takes_nothing_is_no_use() {
    let mut world = World::new();
    let key = world.key();
    assert_eq!(code(&world, key.secret, &WorkingKey, 0), "VALID");
    world.index.identify(&key.secret.0).expect("a key that works");
    assert!(world.index.stands(key.secret.prefix()));
    assert_eq!(last_used(&world, key.secret), None);
}

#[actix_rt::test]
async fn every_route_that_lets_a_request_through_is_a_use() {
    let mut world = World::new();
    let validator = validator(&world);
    let verify = |secret: TestSecret, cost: u32| {
        TestRequest::with_uri("/v1/verify")
            .method(Method::POST)
            .insert_header(("content-type", "application/json"))
            .set_payload(json!({ "key": secret.text(), "cost": cost }).to_string())
    };
    let health = |secret: TestSecret| with_key("/v1/health", &secret.0);
    let authorize = |secret: TestSecret| with_key("/v1/authorize?scope=client:read", &secret.0);
    let key = world.key().secret;
    ask(&validator, verify(key, 0)).await;
    assert_eq!(last_used(&world, key), None);
    let [a, b, c] = [world.key(), world.key(), world.key()].map(|key| key.secret);
    for (key, request) in [(a, health(a)), (b, authorize(b)), (c, verify(c, 1))] {
        let answer = ask(&validator, request).await;
        assert_eq!(answer.status, 200);
        assert_eq!(last_used(&world, key), Some(at(0)), "{}", answer.body);
    }
}

#[test]
fn the_secrets_of_an_overlap_have_times_of_their_own() {
    let mut world = World::new();
    let old = world.key();
    use_it(&world, old.secret);
    world.pass(MINUTE);
    let new = world.regenerate(old, vec![superseded(old.secret, 600)]);
    use_it(&world, new.secret);
    assert_eq!(last_used(&world, old.secret), Some(at(0)));
    assert_eq!(last_used(&world, new.secret), Some(at(60)));
    world.pass(MINUTE);
    use_it(&world, old.secret);
    assert_eq!(last_used(&world, old.secret), Some(at(120)), "it is still being used");
    assert_eq!(last_used(&world, new.secret), Some(at(60)));
    world.revoke(new);
    assert_eq!(last_used(&world, old.secret), Some(at(120)), "a dead secret keeps its time");
}

#[test]
fn a_use_changes_neither_snapshot_nor_digest() {
    let mut world = World::new();
    let key = world.key();
    let keys = MacKeys::new((MacKeyId(1), MacKey::new([1; 32])), Vec::new());
    let before = (world.index.digest(), world.index.snapshot(&keys));
    use_it(&world, key.secret);
    assert!((world.index.digest(), world.index.snapshot(&keys)) == before);
    let restored = KeyIndex::restore(world.config.clone(), &before.1, &keys).expect("a good snapshot");
    assert_eq!(restored.last_used(key.secret.prefix()), None, "it begins anew");
}

#[test]
fn what_was_used_is_told_to_who_asks_next_and_not_for_ever() {
    let mut world = World::new();
    let (first, second, unused) = (world.key().secret, world.key().secret, world.key().secret);
    let beginning = Timestamp::from_millis(0);
    world.pass(MINUTE / 2);
    assert_eq!(world.index.used_since(beginning).secrets, [], "nothing was used");
    use_it(&world, first);
    let told = world.index.used_since(beginning);
    assert_eq!(told.secrets, [(first.prefix(), at(0))]);
    world.pass(MINUTE);
    use_it(&world, second);
    let told = world.index.used_since(told.next);
    assert!(told.secrets.contains(&(second.prefix(), at(60))), "{told:?}");
    world.pass(2 * MINUTE);
    let told = world.index.used_since(told.next);
    assert!(!told.secrets.iter().any(|(prefix, _)| *prefix == first.prefix()), "{told:?}");
    assert_eq!(world.index.used_since(told.next).secrets, [], "nothing was used since");
    let mut all = world.index.used_since(beginning).secrets;
    all.sort_unstable();
    let mut both = [(first.prefix(), at(0)), (second.prefix(), at(60))];
    both.sort_unstable();
    assert_eq!(all, both, "who lost what was told asks from the beginning");
    assert_eq!(last_used(&world, unused), None);
}

#[test]
fn the_time_never_goes_back_while_many_use_a_secret_and_the_minutes_turn() {
    let mut world = World::new();
    let throttle = Throttle::new(Throttle::MAX, Throttle::MAX).expect("a throttle");
    let key = world.create(KeyCreated { throttle, ..created("acme", &["client:read"]) }).secret;
    let (world, done) = (&world, AtomicBool::new(false));
    thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                while !done.load(SeqCst) {
                    let _ = world.index.authenticate(&key.0, &WorkingKey, 1);
                }
            });
        }
        let mut latest = None;
        for _ in 0..2_000 {
            world.pass(Duration::from_secs(20));
            let told = last_used(world, key);
            assert!(latest <= told, "{latest:?} and then {told:?}");
            latest = told;
        }
        done.store(true, SeqCst);
    });
    use_it(world, key);
    assert_eq!(last_used(world, key), Some(at(40_000 - 40_000 % 60)));
}
