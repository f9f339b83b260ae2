//! Of several writers one writes: under a lease that ends with its connection, and behind a row that stops whoever is late.

use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use keyledger_event_log::{Checkpoint, Position};
use keyledger_read_models::{ApplyError, ReadModelError};
use keyledger_tests::within;

use super::place::{Place, in_a_file, many};
use super::story::{Story, mac, tell};

/// How long somebody who stands by may take to notice that the lease is free.
const TAKEOVER: Duration = Duration::from_secs(3);

#[test]
fn two_writers_that_are_told_everything_write_everything_once_also_where_connections_are_cut() {
    let (story, place) = (many(240), Place::new());
    let (first, second) = (place.open(), place.open());
    let begun = Barrier::new(3);
    thread::scope(|scope| {
        for mut model in [first, second] {
            let (story, begun) = (&story, &begun);
            scope.spawn(move || {
                begun.wait();
                let mut told = 0;
                while told < 240 {
                    // As a projector does: what is unavailable is tried again, from where the rows are.
                    match tell(&mut model, &story.events, told + 1..=told + 4) {
                        Ok(()) => {}
                        Err(ApplyError::Model(ReadModelError::Unavailable(_))) => {}
                        Err(error) => panic!("{error}"),
                    }
                    told = model.checkpoint().position.get() as usize;
                }
            });
        }
        begun.wait();
        for _ in 0..10 {
            let leader = place.leader();
            if !leader.is_empty() {
                place.run(&format!("SELECT pg_terminate_backend({leader})"));
            }
        }
    });
    assert_eq!(place.reader().contents().expect("contents"), in_a_file(&story, 240));
}

#[test]
fn whoever_stands_by_takes_the_lease_within_a_moment_after_its_holder_is_gone() {
    let (story, place) = (many(6), Place::new());
    let (mut first, mut second) = (place.open(), place.open());
    tell(&mut first, &story.events, 1..=3).expect("the first writes");
    tell(&mut second, &story.events, 1..=3).expect("the second finds it written");
    let mut clock = Instant::now();
    first.keep(clock);
    let before = place.leader();
    second.keep(clock);
    assert_eq!(place.leader(), before, "one that is held is not taken");
    place.run(&format!("SELECT pg_terminate_backend({before})"));
    let taken = within(TAKEOVER, || {
        clock += Duration::from_secs(1);
        second.keep(clock);
        let leader = place.leader();
        (!leader.is_empty() && leader != before).then_some(())
    });
    assert!(taken.is_some(), "nobody takes the lease");
    tell(&mut second, &story.events, 4..=6).expect("the second writes");
    // The first comes late with the same, on a new connection: it finds everything written, and writes nothing.
    tell(&mut first, &story.events, 4..=6).expect("it is in the rows");
    assert_eq!(first.contents().expect("contents"), in_a_file(&story, 6));
    drop(second);
    let left = within(TAKEOVER, || {
        clock += Duration::from_secs(1);
        first.keep(clock);
        (!place.leader().is_empty()).then_some(())
    });
    assert!(left.is_some(), "one that ended in order took the lease with it");
}

#[test]
fn a_writer_that_stands_by_waits_for_the_rows_and_no_longer_than_is_of_use() {
    let (story, place) = (many(4), Place::new());
    let (mut first, mut second) = (place.open(), place.open());
    tell(&mut first, &story.events, 1..=2).expect("the first writes");
    let gave_up = AtomicBool::new(false);
    let refused = thread::scope(|scope| {
        // It is alive and has nothing to write; as a projector does that hears nothing new.
        scope.spawn(|| {
            while !gave_up.load(Ordering::Relaxed) {
                first.keep(Instant::now());
                thread::sleep(Duration::from_millis(100));
            }
        });
        let told = tell(&mut second, &story.events, 1..=4);
        gave_up.store(true, Ordering::Relaxed);
        told.expect_err("nobody wrote the last two")
    });
    assert!(matches!(refused, ApplyError::Model(ReadModelError::Unavailable(_))), "{refused}");
    assert!(refused.to_string().contains("another process writes the lists, and is at 2"), "{refused}");
    thread::scope(|scope| {
        let waiting = scope.spawn(|| tell(&mut second, &story.events, 1..=4));
        tell(&mut first, &story.events, 3..=4).expect("the first writes on");
        waiting.join().expect("no panic").expect("it has waited for that");
    });
    assert_eq!(second.checkpoint(), first.checkpoint());
}

#[test]
fn rows_of_another_past_are_not_gone_on_with() {
    let (story, place) = (many(3), Place::new());
    let (mut first, mut second) = (place.open(), place.open());
    tell(&mut first, &story.events, 1..=2).expect("the first writes");
    let other = Checkpoint { position: Position::new(2), mac: mac(7) };
    place.run(&format!("UPDATE keyledger_lists.checkpoint SET mac = '\\x{}'", hex::encode(&other.mac)));
    for model in [&mut first, &mut second] {
        let range = if model.checkpoint().position == Position::START { 1..=3 } else { 3..=3 };
        assert_eq!(tell(model, &story.events, range), Err(ApplyError::AnotherWriter));
    }
}

#[test]
fn rows_that_lost_their_last_moments_are_brought_up_again_from_where_they_are() {
    let (mut story, place) = (many(5), Place::new());
    story.revoke(2);
    let mut model = place.open();
    tell(&mut model, &story.events, 1..=4).expect("the first events");
    place.run(
        "SET search_path = keyledger_lists; TRUNCATE partner_keys, partners, prefixes, streams;
         UPDATE checkpoint SET position = 0, mac = ''",
    );
    let refused = tell(&mut model, &story.events, 5..=6).expect_err("there is a gap");
    assert!(matches!(refused, ApplyError::Model(ReadModelError::Unavailable(_))), "{refused}");
    assert_eq!(*model.checkpoint(), Checkpoint::start());
    tell(&mut model, &story.events, 1..=6).expect("everything");
    assert_eq!(model.contents().expect("contents"), in_a_file(&story, 6));
}

#[test]
fn a_batch_that_fails_lets_others_write() {
    let (story, place) = (many(4), Place::new());
    let (mut first, mut second) = (place.open(), place.open());
    let mut forged = Story::new();
    forged.events.clone_from(&story.events);
    forged.events[2].revision = 7;
    tell(&mut first, &forged.events, 1..=4).expect_err("the third does not follow");
    drop(first);
    tell(&mut second, &story.events, 1..=4).expect("nothing is in the way");
    assert_eq!(second.contents().expect("contents"), in_a_file(&story, 4));
}

#[test]
fn rows_that_lost_their_last_moments_are_noticed_also_where_nothing_comes() {
    let (story, place) = (many(5), Place::new());
    let (mut first, mut second) = (place.open(), place.open());
    for model in [&mut first, &mut second] {
        tell(model, &story.events, 1..=5).expect("everything");
    }
    place.run(
        "SET search_path = keyledger_lists; TRUNCATE partner_keys, partners, prefixes, streams;
         UPDATE checkpoint SET position = 0, mac = ''",
    );
    for model in [&mut first, &mut second] {
        model.keep(Instant::now());
        assert_eq!(*model.checkpoint(), Checkpoint::start());
    }
    for model in [&mut first, &mut second] {
        tell(model, &story.events, 1..=5).expect("everything again");
    }
    assert_eq!(first.contents().expect("contents"), in_a_file(&story, 5));
}
