//! A validator that has not heard from the log: the table of bounds, row by row.

use std::{sync::Arc, time::Duration};

use actix_web::test::TestRequest;
use keyledger_domain::event::KeyCreated;
use keyledger_validator::{Bounds, KeyIndex};

use crate::fixture::{
    Answer, PEPPER, TestSecret, World, apply, ask, at, created, pepper, plain, superseded, validator,
    with_key,
};

struct Cast {
    active: TestSecret,
    overlapping: TestSecret,
    dead: [TestSecret; 4],
    unknown: TestSecret,
    wrong: TestSecret,
}

fn cast(world: &mut World) -> Cast {
    let revoked = world.key();
    world.revoke(revoked);
    let expired = world.create(KeyCreated { expires_at: Some(at(0)), ..created("acme", &["client:read"]) });
    let lapsed = world.key();
    world.regenerate(lapsed, vec![superseded(lapsed.secret, 0)]);
    let ended = world.key();
    let overlapping = world.regenerate(ended, vec![]);
    let active = world.regenerate(overlapping, vec![superseded(overlapping.secret, 3_600)]);
    Cast {
        active: active.secret,
        overlapping: overlapping.secret,
        dead: [revoked, expired, lapsed, ended].map(|key| key.secret),
        unknown: world.mint(),
        wrong: world.impostor(active.secret),
    }
}

fn forbidden() -> Answer {
    plain(403, &[], r#"{"message":"Forbidden"}"#)
}

fn unavailable() -> Answer {
    plain(503, &[("retry-after", "1")], r#"{"message":"Service Unavailable"}"#)
}

/// What a row of the table says of working and of unmatched secrets; the other rows never change.
async fn expect(world: &World, cast: &Cast, works: bool, unmatched: &Answer, when: &str) {
    let validator = validator(world);
    let health = async |key: &[u8]| ask(&validator, with_key("/v1/health", key)).await;
    assert_eq!(ask(&validator, TestRequest::with_uri("/v1/health")).await, forbidden(), "missing, {when}");
    assert_eq!(health(b"junk").await, forbidden(), "malformed, {when}");
    let doubled = with_key("/v1/health", &cast.active.0).append_header(("x-api-key", "junk"));
    assert_eq!(ask(&validator, doubled).await.status, 400, "doubled, {when}");
    for dead in cast.dead {
        assert_eq!(health(&dead.0).await, forbidden(), "dead, {when}");
    }
    for active in [cast.active, cast.overlapping] {
        let answer = health(&active.0).await;
        if works {
            assert_eq!(answer.status, 200, "active, {when}");
        } else {
            assert_eq!(answer, unavailable(), "active, {when}");
        }
    }
    assert_eq!(&health(&cast.unknown.0).await, unmatched, "unknown prefix, {when}");
    assert_eq!(&health(&cast.wrong.0).await, unmatched, "wrong secret, {when}");
}

#[actix_rt::test]
async fn each_bound_holds_to_the_millisecond() {
    let mut world = World::new();
    let cast = cast(&mut world);
    expect(&world, &cast, true, &forbidden(), "at once").await;
    world.silence(Duration::from_secs(5));
    expect(&world, &cast, true, &forbidden(), "at the soft bound").await;
    world.silence(Duration::from_millis(1));
    expect(&world, &cast, true, &unavailable(), "past the soft bound").await;
    world.silence(Duration::from_millis(54_999));
    expect(&world, &cast, true, &unavailable(), "at the hard bound").await;
    world.silence(Duration::from_millis(1));
    expect(&world, &cast, false, &unavailable(), "past the hard bound").await;
    world.pass(Duration::ZERO);
    expect(&world, &cast, true, &forbidden(), "heard again").await;
}

#[actix_rt::test]
async fn a_strict_validator_lets_nothing_through_past_the_soft_bound() {
    let mut world = World::new();
    let cast = cast(&mut world);
    world.config.bounds = Bounds { soft: Duration::from_secs(2), hard: Duration::ZERO };
    let index = KeyIndex::new(world.config.clone());
    index.set_peppers(vec![(PEPPER, pepper(PEPPER))]);
    for recorded in &world.log {
        apply(&index, recorded).expect("the same events");
    }
    index.heard(0);
    world.index = Arc::new(index);
    world.silence(Duration::from_secs(2));
    expect(&world, &cast, true, &forbidden(), "at the soft bound").await;
    world.silence(Duration::from_millis(1));
    expect(&world, &cast, false, &unavailable(), "past it").await;
}

#[actix_rt::test]
async fn a_validator_that_is_loading_refuses_what_is_certain_and_nothing_else() {
    let mut world = World::empty();
    let cast = cast(&mut world);
    expect(&world, &cast, false, &unavailable(), "loading").await;
    world.index.heard(0);
    expect(&world, &cast, true, &forbidden(), "loaded").await;
}

#[actix_rt::test]
async fn a_revocation_that_was_seen_is_never_forgotten() {
    let mut world = World::new();
    let key = world.key();
    world.silence(Duration::from_secs(30));
    let validator = validator(&world);
    assert_eq!(ask(&validator, with_key("/v1/health", &key.secret.0)).await.status, 200);
    world.revoke(key);
    assert_eq!(ask(&validator, with_key("/v1/health", &key.secret.0)).await, forbidden());
    world.silence(Duration::from_secs(3_600));
    assert_eq!(ask(&validator, with_key("/v1/health", &key.secret.0)).await, forbidden());
}
