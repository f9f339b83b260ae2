//! Snapshots: whole or ignored, on disk and in hand.

use std::{
    fs,
    path::Path,
    sync::atomic::{AtomicBool, Ordering::SeqCst},
};

use keyledger_domain::{
    envelope::{MacKey, MacKeyId, MacKeys, Stream, WrongMac},
    event::{Body, KeyCreated, KeyEvent, KeyRegenerated},
};
use keyledger_event_log::LogIdentity;
use keyledger_validator::{
    Config, KeyIndex, WorkingKey,
    snapshot::{SnapshotError, load, store},
};
use uuid::Uuid;

use crate::fixture::{PEPPER, TestKey, World, apply, created, partner, pepper, revoked, superseded};

fn keys(number: u8) -> MacKeys {
    MacKeys::new((MacKeyId(number.into()), MacKey::new([number; 32])), Vec::new())
}

fn populated() -> World {
    let mut world = World::new();
    for _ in 0..5 {
        let key = world.key();
        let next = world.regenerate(key, vec![superseded(key.secret, 60)]);
        world.regenerate(next, vec![superseded(next.secret, 60)]);
    }
    let key = world.key();
    world.revoke(key);
    world
}

fn restore(config: &Config, bytes: &[u8]) -> Result<KeyIndex, SnapshotError> {
    KeyIndex::restore(config.clone(), bytes, &keys(1))
}

#[test]
fn an_index_comes_back_as_it_was() {
    let world = populated();
    let restored = restore(&world.config, &world.index.snapshot(&keys(1))).expect("a good snapshot");
    assert_eq!(restored.digest(), world.index.digest());
    assert_eq!(restored.checkpoint(), world.index.checkpoint());
    assert_eq!(restored.position(), world.index.position());
    assert_eq!((restored.keys(), restored.secrets()), (6, 16));
    assert_eq!(restored.silence(), None, "it has not heard from the log yet");
}

#[test]
fn a_flip_of_any_bit_and_a_cut_at_any_byte_are_noticed() {
    let world = populated();
    let good = world.index.snapshot(&keys(1));
    for at in 0..good.len() {
        let mut flipped = good.clone();
        flipped[at] ^= 1 << (at % 8);
        assert!(restore(&world.config, &flipped).is_err(), "byte {at} flipped");
        assert!(restore(&world.config, &good[..at]).is_err(), "cut at byte {at}");
    }
    let longer = [&good[..], b"x"].concat();
    assert!(matches!(
        restore(&world.config, &longer),
        Err(SnapshotError::Mac(WrongMac::Forged | WrongMac::UnknownKey(_)))
    ));
}

#[test]
fn what_is_not_this_log_keyring_or_format_is_told_by_its_name() {
    let world = populated();
    let good = world.index.snapshot(&keys(1));
    let other = KeyIndex::restore(world.config.clone(), &good, &keys(2)).err().expect("another keyring");
    assert!(matches!(other, SnapshotError::Mac(WrongMac::UnknownKey(MacKeyId(1)))), "{other}");
    for log in
        [LogIdentity { log: Uuid::from_u128(2), epoch: 1 }, LogIdentity { log: Uuid::from_u128(1), epoch: 2 }]
    {
        let error = restore(&Config { log, ..world.config.clone() }, &good).err().expect("another log");
        assert!(matches!(error, SnapshotError::OtherLog { .. }), "{error}");
    }
    let mut older = good.clone();
    older[8..10].copy_from_slice(&0_u16.to_be_bytes());
    assert!(matches!(restore(&world.config, &older), Err(SnapshotError::OtherFormat(0))));
    assert!(matches!(restore(&world.config, b"something else"), Err(SnapshotError::NotASnapshot)));
    assert!(matches!(restore(&world.config, b""), Err(SnapshotError::NotASnapshot)));
}

#[test]
fn no_secret_is_in_a_snapshot() {
    let mut world = World::new();
    let key = world.key();
    let snapshot = world.index.snapshot(&keys(1));
    let random = &key.secret.0[13..45];
    assert!(!snapshot.windows(random.len()).any(|window| window == random));
}

fn positions(directory: &Path, world: &World) -> Option<u64> {
    load(directory, &world.config, &keys(1)).map(|index| index.position().get())
}

#[test]
fn the_last_two_are_kept_and_a_damaged_one_gives_way_to_the_one_before() {
    let directory = tempfile::tempdir().expect("a directory");
    let mut world = World::new();
    assert_eq!(positions(directory.path(), &world), None, "there is none yet");
    for _ in 0..3 {
        world.key();
        store(directory.path(), &world.index.snapshot(&keys(1))).expect("it is stored");
    }
    assert_eq!(fs::read_dir(directory.path()).expect("it can be listed").count(), 2);
    assert_eq!(positions(directory.path(), &world), Some(4));
    let newest = directory.path().join("key-index.snapshot");
    let mut bytes = fs::read(&newest).expect("it is there");
    bytes[100] ^= 1;
    fs::write(&newest, bytes).expect("it is damaged");
    assert_eq!(positions(directory.path(), &world), Some(3));
    fs::write(directory.path().join("key-index.previous.snapshot"), b"").expect("it is emptied");
    assert_eq!(positions(directory.path(), &world), None);
    store(directory.path(), &world.index.snapshot(&keys(1))).expect("it is stored");
    assert_eq!(positions(directory.path(), &world), Some(4));
}

#[test]
fn dying_between_the_two_renames_leaves_the_one_before() {
    let directory = tempfile::tempdir().expect("a directory");
    let mut world = World::new();
    store(directory.path(), &world.index.snapshot(&keys(1))).expect("it is stored");
    let [newest, previous, unfinished] = ["snapshot", "previous.snapshot", "unfinished"]
        .map(|end| directory.path().join(format!("key-index.{end}")));
    world.key();
    fs::write(unfinished, world.index.snapshot(&keys(1))).expect("it is written");
    fs::rename(newest, previous).expect("it is moved");
    assert_eq!(positions(directory.path(), &world), Some(1));
    store(directory.path(), &world.index.snapshot(&keys(1))).expect("the next one is stored");
    assert_eq!(positions(directory.path(), &world), Some(2));
}

#[test]
fn a_snapshot_taken_while_events_are_applied_holds_one_moment() {
    let mut world = World::new();
    // Enough that a snapshot takes a while.
    let mut live: Vec<_> = (0..2_000).map(|_| world.key()).collect();
    let before = world.log.len();
    for round in 0..20_000 {
        let secret = world.mint();
        let key = &mut live[round % 100];
        let event = if round % 3 == 0 {
            *key = TestKey { id: world.new_key_id(), secret };
            KeyEvent::Created(KeyCreated { prefix: secret.prefix(), ..created("acme", &["client:read"]) })
        } else {
            let superseded_secrets = vec![superseded(key.secret, 60)];
            key.secret = secret;
            let partner_id = partner("acme");
            KeyEvent::Regenerated(KeyRegenerated { partner_id, prefix: secret.prefix(), superseded_secrets })
        };
        let stream = Stream::Key(key.id);
        world.record(stream, Body::Key(event), Some(secret));
    }
    let tail = world.log.split_off(before);
    let done = AtomicBool::new(false);
    let snapshots = std::thread::scope(|scope| {
        let taker = scope.spawn(|| {
            let mut taken = Vec::new();
            while !done.load(SeqCst) {
                taken.push(world.index.snapshot(&keys(1)));
            }
            taken
        });
        for recorded in &tail {
            apply(&world.index, recorded).expect("events follow each other");
        }
        done.store(true, SeqCst);
        taker.join().expect("it takes snapshots")
    });
    assert!(!snapshots.is_empty());
    let stride = 1.max(snapshots.len() / 20);
    for snapshot in snapshots.iter().step_by(stride) {
        let restored = restore(&world.config, snapshot).expect("a good snapshot");
        for recorded in tail.iter().filter(|recorded| recorded.position > restored.position()) {
            apply(&restored, recorded).expect("the rest follows");
        }
        assert_eq!(restored.digest(), world.index.digest());
    }
}

#[test]
fn a_restored_index_goes_on_refusing_dead_secrets_by_their_reason() {
    let mut world = World::new();
    let old = world.key();
    world.regenerate(old, vec![]);
    let dead = world.key();
    world.on_key(dead.id, revoked());
    let restored = restore(&world.config, &world.index.snapshot(&keys(1))).expect("a good snapshot");
    restored.set_peppers(vec![(PEPPER, pepper(PEPPER))]);
    world.index = restored.into();
    assert_eq!(
        world.code(old.secret, &WorkingKey).as_deref(),
        Some("SUPERSEDED"),
        "also before the log was heard"
    );
    assert_eq!(world.code(dead.secret, &WorkingKey).as_deref(), Some("REVOKED"));
}
