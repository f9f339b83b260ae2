//! Logs that lost something, events of later releases, copied logs, incomplete keyrings.

use keyledger_domain::{
    envelope::{PepperId, Stream},
    event::{Body, KeyCreated, KeyEvent},
};
use keyledger_event_log::Position;
use keyledger_validator::{ApplyError, KeyIndex, WorkingKey};

use crate::fixture::{PEPPER, World, apply, created, pepper, revoked, superseded, unreadable};

#[test]
fn an_event_taken_out_of_the_middle_of_a_stream_stops_the_index_as_it_was() {
    let mut world = World::new();
    let key = world.key();
    let lost = world.record(Stream::Key(key.id), Body::Key(revoked()), None);
    let next = world.record(Stream::Key(key.id), Body::Key(revoked()), None);
    let (before, digest) = (world.index.checkpoint(), world.index.digest());
    let missing = ApplyError::Revision { stream: Stream::Key(key.id), expected: 1, found: 2 };
    assert_eq!(apply(&world.index, &next), Err(missing));
    assert_eq!((world.index.checkpoint(), world.index.digest()), (before, digest));
    apply(&world.index, &lost).expect("it was the missing one");
    apply(&world.index, &next).expect("it follows now");
    let held = Position::new(4);
    assert_eq!(apply(&world.index, &lost), Err(ApplyError::Position { held, found: Position::new(3) }));
}

#[test]
fn a_stream_begins_with_its_first_revision() {
    let mut world = World::new();
    let stream = Stream::Key(world.new_key_id());
    world.record(stream, Body::Key(revoked()), None);
    let second = world.record(stream, unreadable(), None);
    assert_eq!(apply(&world.index, &second), Err(ApplyError::Revision { stream, expected: 0, found: 1 }));
    let mut late = world.log[0].clone();
    late.position = Position::new(9);
    late.event.revision = 2;
    let expected = ApplyError::Revision { stream: Stream::Catalogue, expected: 1, found: 2 };
    assert_eq!(apply(&world.index, &late), Err(expected));
}

#[test]
fn an_unreadable_event_makes_its_key_deny_for_good_and_no_other() {
    let mut world = World::new();
    let (key, other) = (world.key(), world.key());
    world.happen(Stream::Key(key.id), unreadable(), None);
    let new = world.regenerate(key, vec![superseded(key.secret, 60)]);
    for secret in [key.secret, new.secret] {
        assert_eq!(world.code(secret, &WorkingKey).as_deref(), Some("REVOKED"));
    }
    assert_eq!(world.code(other.secret, &WorkingKey).as_deref(), Some("VALID"));
}

#[test]
fn a_key_whose_creation_cannot_be_read_is_unknown_whatever_comes() {
    let mut world = World::new();
    let (id, secret) = (world.new_key_id(), world.mint());
    world.happen(Stream::Key(id), unreadable(), Some(secret));
    let late = KeyEvent::Created(KeyCreated { prefix: secret.prefix(), ..created("acme", &["client:read"]) });
    world.happen(Stream::Key(id), Body::Key(late), Some(secret));
    assert_eq!(world.code(secret, &WorkingKey).as_deref(), Some("UNKNOWN"));
    assert_eq!(world.index.keys(), 0);
}

#[test]
fn a_prefix_that_two_keys_hold_stays_with_the_first_and_the_second_denies() {
    let mut world = World::new();
    let first = world.key();
    let second = world.key();
    let (id, same) = (world.new_key_id(), first.secret);
    let event = KeyEvent::Created(KeyCreated { prefix: same.prefix(), ..created("other", &["user:read"]) });
    world.happen(Stream::Key(id), Body::Key(event), Some(same));
    let verdict = world.index.authenticate(&same.0, &WorkingKey, 0).expect("the log was heard");
    assert_eq!(verdict.bearer.expect("it works").key_id(), first.id);
    assert!(world.index.stands(same.prefix()), "it is the first one's");

    let event = keyledger_domain::event::KeyRegenerated {
        partner_id: created("acme", &["client:read"]).partner_id,
        prefix: same.prefix(),
        superseded_secrets: vec![superseded(second.secret, 60)],
    };
    world.happen(Stream::Key(second.id), Body::Key(KeyEvent::Regenerated(event)), Some(same));
    assert_eq!(world.code(second.secret, &WorkingKey).as_deref(), Some("REVOKED"), "what is doubtful denies");
    assert!(!world.index.stands(second.secret.prefix()));
    assert_eq!(world.code(same, &WorkingKey).as_deref(), Some("VALID"));
}

#[test]
fn a_keyring_without_the_pepper_is_unavailability_and_never_a_wave_of_refusals() {
    let mut world = World::new();
    let other = PepperId(8);
    let (key, dead) = (world.key(), world.key());
    world.revoke(dead);
    assert_eq!(world.index.missing_peppers(), []);
    world.index.set_peppers(vec![(other, pepper(other))]);
    assert_eq!(world.index.missing_peppers(), [PEPPER]);
    assert_eq!(world.code(key.secret, &WorkingKey), None);
    assert_eq!(
        world.code(dead.secret, &WorkingKey).as_deref(),
        Some("UNKNOWN"),
        "it is dead whatever the secret"
    );
    assert_eq!(world.code(world.mint(), &WorkingKey).as_deref(), Some("UNKNOWN"));
    world.index.set_peppers(vec![(other, pepper(other)), (PEPPER, pepper(PEPPER))]);
    assert_eq!(world.index.missing_peppers(), []);
    assert_eq!(world.code(key.secret, &WorkingKey).as_deref(), Some("VALID"));
}

#[test]
fn a_pepper_that_only_dead_secrets_need_is_not_missed() {
    let mut world = World::new();
    let old = world.key();
    world.use_pepper(PepperId(8));
    let new = world.regenerate(old, vec![superseded(old.secret, 60)]);
    world.index.set_peppers(vec![(PepperId(8), pepper(PepperId(8)))]);
    assert_eq!(world.index.missing_peppers(), [PEPPER], "while the overlap runs");
    world.pass(std::time::Duration::from_secs(60));
    assert_eq!(world.index.missing_peppers(), []);
    assert_eq!(world.code(new.secret, &WorkingKey).as_deref(), Some("VALID"));
}

#[test]
fn a_secret_whose_verifier_was_purged_is_unknown_and_changes_no_digest() {
    let mut world = World::new();
    let old = world.key();
    let new = world.regenerate(old, vec![]);
    let purged = KeyIndex::new(world.config.clone());
    purged.set_peppers(vec![(PEPPER, pepper(PEPPER))]);
    for recorded in &mut world.log {
        if recorded.position == Position::new(2) {
            recorded.event.private = None;
        }
        apply(&purged, recorded).expect("events follow each other");
    }
    assert_eq!(purged.digest(), world.index.digest());
    world.index = purged.into();
    world.index.heard(0);
    assert_eq!(world.code(old.secret, &WorkingKey).as_deref(), Some("UNKNOWN"));
    assert_eq!(world.code(new.secret, &WorkingKey).as_deref(), Some("VALID"));
}
