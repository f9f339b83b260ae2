//! Lists that are made anew beside those that are read, and take their place.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use keyledger_read_models::{Database, List, OpenError, PartnerKeysReader, Swap, SwapError};

use super::place::{Place, in_a_file, many};
use super::story::{log, partner, tell};
use crate::{SERVER, parsed};

/// The schemas of the lists that there are.
fn schemas(place: &Place) -> String {
    place.run("SELECT string_agg(nspname, ' ' ORDER BY nspname) FROM pg_namespace WHERE nspname LIKE 'keyledger_lists%'")
}

#[test]
fn lists_are_made_anew_while_they_are_written_and_read_and_nobody_is_refused() {
    let (story, place) = (many(900), Place::new());
    let mut model = place.open();
    tell(&mut model, &story.events, 1..=300).expect("what was there before");
    let (reader, acme) = (place.reader(), partner("acme"));
    let (over, read, written) = (AtomicBool::new(false), AtomicUsize::new(0), AtomicUsize::new(300));
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                let mut most = 0;
                while !over.load(Ordering::Relaxed) {
                    let list = List {
                        partner: &acme,
                        status: None,
                        search: None,
                        now: story.now,
                        limit: 200,
                        after: None,
                    };
                    let page = reader.list(list).expect("no list fails");
                    assert_eq!(page.keys.len(), 200, "and none is short");
                    let live = reader.count_live(&acme, story.now).expect("no count fails");
                    assert!(live >= most, "what was there is there: {live} after {most}");
                    most = live;
                    read.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
        let writer = scope.spawn(|| {
            for position in 301..=900 {
                tell(&mut model, &story.events, position..=position).expect("no writing fails");
                written.store(position, Ordering::Relaxed);
            }
        });
        for _ in 0..3 {
            let (mut swap, mut lists) = Swap::begin(&place.database, log()).expect("nobody else does");
            let head = written.load(Ordering::Relaxed);
            tell(&mut lists, &story.events, 1..=head).expect("everything so far");
            swap.hold().expect("the others let go");
            let held = place.reader().checkpoint().expect("a checkpoint").position.get() as usize;
            if held > head {
                tell(&mut lists, &story.events, head + 1..=held).expect("what came meanwhile");
            }
            swap.finish(lists, false).expect("they take the place");
        }
        writer.join().expect("the writer does not panic");
        over.store(true, Ordering::Relaxed);
    });
    assert!(read.load(Ordering::Relaxed) > 20, "too little was read to tell");
    assert_eq!(place.reader().contents().expect("contents"), in_a_file(&story, 900));
    assert_eq!(schemas(&place), "keyledger_lists");
}

#[test]
fn a_rebuild_that_was_cut_off_changes_nothing_and_the_next_one_removes_what_it_left() {
    let (story, place) = (many(6), Place::new());
    let mut model = place.open();
    tell(&mut model, &story.events, 1..=3).expect("what was there before");
    let (swap, mut lists) = Swap::begin(&place.database, log()).expect("nobody else does");
    tell(&mut lists, &story.events, 1..=2).expect("a part");
    let refused = Swap::begin(&place.database, log()).map(|_| ()).expect_err("one is under way");
    assert!(matches!(refused, OpenError::BeingRebuilt { .. }), "{refused}");
    drop((swap, lists));
    place.run("CREATE SCHEMA keyledger_lists_old");
    assert_eq!(schemas(&place), "keyledger_lists keyledger_lists_next keyledger_lists_old");
    tell(&mut model, &story.events, 4..=6).expect("the others are written on");
    let (mut swap, mut lists) = Swap::begin(&place.database, log()).expect("the lock is free");
    tell(&mut lists, &story.events, 1..=6).expect("everything");
    swap.hold().expect("the others let go");
    swap.finish(lists, false).expect("they take the place");
    assert_eq!(schemas(&place), "keyledger_lists");
    assert_eq!(model.contents().expect("contents"), in_a_file(&story, 6));
}

#[test]
fn lists_that_have_seen_more_than_the_new_ones_stay_unless_that_is_on_purpose() {
    let (story, place) = (many(4), Place::new());
    let mut model = place.open();
    tell(&mut model, &story.events, 1..=4).expect("what was there before");
    for forced in [false, true] {
        let (mut swap, mut lists) = Swap::begin(&place.database, log()).expect("nobody else does");
        tell(&mut lists, &story.events, 1..=3).expect("a log that is shorter");
        swap.hold().expect("the others let go");
        match swap.finish(lists, forced) {
            Ok(()) => assert!(forced),
            Err(error) => assert!(!forced && matches!(error, SwapError::Behind { .. }), "{error}"),
        }
        let holds = if forced { 3 } else { 4 };
        assert_eq!(place.reader().contents().expect("contents"), in_a_file(&story, holds));
    }
}

#[test]
fn whoever_might_read_the_lists_may_read_the_new_ones_and_only_their_owner_makes_them() {
    let (story, place) = (many(3), Place::new());
    let mut model = place.open();
    tell(&mut model, &story.events, 1..=3).expect("what was there before");
    let reads = format!("may_only_read_{}", place.name);
    place.run(&format!(
        "CREATE ROLE {reads} LOGIN; GRANT USAGE ON SCHEMA keyledger_lists TO {reads};
         GRANT SELECT ON ALL TABLES IN SCHEMA keyledger_lists TO {reads}"
    ));
    let url = SERVER.get().url(&place.name).replace("tester@", &format!("{reads}@"));
    let as_reader = Database::new(parsed(&url)).expect("a thread");
    let reader = PartnerKeysReader::open_in(&as_reader, log()).expect("it may read");
    let before = reader.contents().expect("contents");
    let refused = Swap::begin(&as_reader, log()).map(|_| ()).expect_err("it is not the owner");
    assert!(matches!(&refused, OpenError::NotTheOwner { owner, .. } if owner == "tester"), "{refused}");
    let (mut swap, mut lists) = Swap::begin(&place.database, log()).expect("the owner may");
    tell(&mut lists, &story.events, 1..=3).expect("everything");
    swap.hold().expect("the others let go");
    swap.finish(lists, false).expect("they take the place");
    assert_eq!(reader.contents(), Ok(before), "its next question finds the new tables");
}

#[test]
fn a_digest_that_was_being_read_when_the_lists_were_exchanged_is_of_one_of_them() {
    let (story, place) = (many(400), Place::new());
    let mut model = place.open();
    tell(&mut model, &story.events, 1..=400).expect("what was there before");
    let (reader, wanted, over) = (place.reader(), in_a_file(&story, 400), AtomicBool::new(false));
    thread::scope(|scope| {
        scope.spawn(|| {
            while !over.load(Ordering::Relaxed) {
                assert_eq!(reader.contents().as_ref(), Ok(&wanted));
            }
        });
        for _ in 0..3 {
            let (mut swap, mut lists) = Swap::begin(&place.database, log()).expect("nobody else does");
            tell(&mut lists, &story.events, 1..=400).expect("everything");
            swap.hold().expect("the others let go");
            swap.finish(lists, false).expect("they take the place");
            thread::sleep(Duration::from_millis(5));
        }
        over.store(true, Ordering::Relaxed);
    });
}
