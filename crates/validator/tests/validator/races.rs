//! Once `apply` has returned, no request that begins later passes, whatever other threads do.

use std::{
    sync::atomic::{AtomicBool, AtomicU64, Ordering::SeqCst},
    thread,
};

use keyledger_domain::{
    Throttle,
    envelope::Stream,
    event::{Body, KeyCreated, KeyEvent, KeyOverlapEnded, KeyRegenerated},
    verdict::Code,
};
use keyledger_validator::{KeyIndex, WorkingKey};

use crate::fixture::{Recorded, TestSecret, World, apply, created, partner, revoked, superseded};

const ROUNDS: usize = 300;

/// A secret, and the event that ends it.
struct Round {
    secret: TestSecret,
    end: Recorded,
}

/// Applies the ends while other threads ask, and counts who passed although the end had been applied before they asked.
fn late_passes(index: &KeyIndex, rounds: &[Round]) -> (u64, u64) {
    let (late, in_time) = (AtomicU64::new(0), AtomicU64::new(0));
    for round in rounds {
        let ended = AtomicBool::new(false);
        let passes = || {
            index
                .authenticate(&round.secret.0, &WorkingKey, 0)
                .is_ok_and(|verdict| verdict.code == Code::Valid)
        };
        thread::scope(|scope| {
            for _ in 0..2 {
                scope.spawn(|| {
                    loop {
                        let was_over = ended.load(SeqCst);
                        match (passes(), was_over) {
                            (true, true) => late.fetch_add(1, SeqCst),
                            (true, false) => in_time.fetch_add(1, SeqCst),
                            (false, false) => 0,
                            (false, true) => break,
                        };
                    }
                });
            }
            thread::yield_now();
            apply(index, &round.end).expect("events follow each other");
            ended.store(true, SeqCst);
            assert!(!passes());
        });
    }
    (late.into_inner(), in_time.into_inner())
}

fn run(prepare: impl Fn(&mut World) -> Round) {
    let mut world = World::new();
    let rounds: Vec<_> = (0..ROUNDS)
        .map(|_| {
            let round = prepare(&mut world);
            // The next round's events are applied now, so its positions come after.
            world.log.pop();
            round
        })
        .collect();
    // The ends were held back; they come last, in their order.
    let first = world.index.position().get() + 1;
    let rounds: Vec<_> = rounds
        .into_iter()
        .zip(first..)
        .map(|(round, position)| {
            let position = keyledger_event_log::Position::new(position);
            Round { end: Recorded { position, ..round.end }, ..round }
        })
        .collect();
    let (late, in_time) = late_passes(&world.index, &rounds);
    assert_eq!(late, 0);
    assert!(in_time > 0, "nobody asked in time, so nothing was tried");
}

fn key(world: &mut World) -> crate::fixture::TestKey {
    let throttle = Throttle::new(Throttle::MAX, Throttle::MAX).expect("a throttle");
    world.create(KeyCreated { throttle, ..created("acme", &["client:read"]) })
}

#[test]
fn a_revoked_key_never_passes_again() {
    run(|world| {
        let key = key(world);
        Round { secret: key.secret, end: world.record(Stream::Key(key.id), Body::Key(revoked()), None) }
    });
}

#[test]
fn a_secret_that_was_regenerated_without_overlap_never_passes_again() {
    run(|world| {
        let (key, next) = (key(world), world.mint());
        let event =
            KeyRegenerated { partner_id: partner("acme"), prefix: next.prefix(), superseded_secrets: vec![] };
        let end = world.record(Stream::Key(key.id), Body::Key(KeyEvent::Regenerated(event)), Some(next));
        Round { secret: key.secret, end }
    });
}

#[test]
fn a_secret_whose_overlap_was_ended_never_passes_again() {
    run(|world| {
        let key = key(world);
        world.regenerate(key, vec![superseded(key.secret, 3_600)]);
        let event = KeyEvent::OverlapEnded(KeyOverlapEnded { partner_id: partner("acme") });
        Round { secret: key.secret, end: world.record(Stream::Key(key.id), Body::Key(event), None) }
    });
}
