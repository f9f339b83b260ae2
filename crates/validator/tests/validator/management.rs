//! The port for the command service: who holds a management key.

use std::time::Duration;

use keyledger_domain::event::KeyCreated;
use keyledger_validator::{Identified, Unidentified, WorkingKey};

use crate::fixture::{TestSecret, World, at, created, partner, scopes, superseded};

#[test]
fn a_working_key_is_identified_without_taking_a_token() {
    let mut world = World::new();
    let key = world.key_of("acme", &["registryKeys:read"]);
    let identified = Identified {
        key_id: key.id,
        prefix: key.secret.prefix(),
        partner_id: partner("acme"),
        scopes: scopes(&["registryKeys:read"]),
    };
    for _ in 0..100 {
        assert_eq!(world.index.identify(&key.secret.0), Ok(identified.clone()));
    }
    let level =
        world.index.authenticate(&key.secret.0, &WorkingKey, 0).ok().and_then(|verdict| verdict.level);
    assert_eq!(level.map(|level| level.remaining), Some(20));
}

#[test]
fn every_other_key_is_unknown_for_whatever_cause() {
    let mut world = World::new();
    let revoked = world.key();
    world.revoke(revoked);
    let unknown = world.mint();
    for key in [&revoked.secret.0[..], &unknown.0, b"junk", b""] {
        assert_eq!(world.index.identify(key), Err(Unidentified::Unknown));
    }
    world.silence(Duration::from_secs(61));
    assert_eq!(world.index.identify(&unknown.0), Err(Unidentified::CannotKnow));
    assert_eq!(world.index.identify(&revoked.secret.0), Err(Unidentified::Unknown));
}

#[test]
fn a_secret_stands_until_its_overlap_ends_or_its_key_is_revoked_or_expires() {
    let mut world = World::new();
    let expiring = world.create(KeyCreated { expires_at: Some(at(10)), ..created("acme", &["client:read"]) });
    let first = world.key();
    assert!(stands(&world, first.secret));
    let second = world.regenerate(first, vec![superseded(first.secret, 9)]);
    assert!(stands(&world, first.secret) && stands(&world, second.secret));
    world.pass(Duration::from_secs(9));
    assert!(
        !stands(&world, first.secret) && stands(&world, second.secret) && stands(&world, expiring.secret)
    );
    world.pass(Duration::from_secs(1));
    assert!(!stands(&world, expiring.secret));
    let third = world.regenerate(first, vec![]);
    assert!(!stands(&world, second.secret), "it has no overlap");
    world.revoke(first);
    assert!(!stands(&world, third.secret));
    let nobodys = world.mint();
    assert!(!stands(&world, nobodys));
}

fn stands(world: &World, secret: TestSecret) -> bool {
    world.index.stands(secret.prefix())
}
