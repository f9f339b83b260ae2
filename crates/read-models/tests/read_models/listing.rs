//! Turning pages.

use std::{collections::BTreeSet, thread};

use super::place::Place;
use super::story::{Story, key_id, partner, tell};
use keyledger_domain::{KeyId, key::Status};
use keyledger_event_log::Position;
use keyledger_read_models::{List, PartnerKeys};

#[test]
fn keys_that_are_created_while_pages_are_turned_take_none_away_and_show_none_twice() {
    let place = Place::new();
    let mut model = place.open();
    let mut story = Story::new();
    for number in 0..600 {
        story.create(number, "acme", &["client:read"], None);
        if number % 7 == 0 {
            story.now = story.now.plus_seconds(1);
        }
    }
    tell(&mut model, &story.events, 1..=300).expect("the first half");
    let reader = model.reader().expect("a reader");
    let writer = thread::spawn(move || {
        for position in 301..=600 {
            tell(&mut model, &story.events, position..=position).expect("one more");
        }
    });
    let acme = partner("acme");
    for _ in 0..20 {
        let mut seen = Vec::new();
        let mut list =
            List { partner: &acme, status: None, search: None, now: Story::new().now, limit: 7, after: None };
        loop {
            let page = reader.list(list).expect("a page");
            seen.extend(page.keys.into_iter().map(|key| key.key_id));
            list.after = page.next;
            if page.next.is_none() {
                break;
            }
        }
        let once: BTreeSet<_> = seen.iter().copied().collect();
        assert_eq!(once.len(), seen.len(), "none twice");
        assert!((0..300).all(|number| once.contains(&key_id(number))), "none missing");
    }
    writer.join().expect("the writer does not panic");
}

#[test]
fn the_keys_up_to_a_position_stay_the_same_while_others_come_and_some_are_revoked() {
    let place = Place::new();
    let mut model = place.open();
    let mut story = Story::new();
    (0..10).for_each(|number| story.create(number, "acme", &["client:read"], None));
    (10..20).for_each(|number| story.create(number, "acme", &["client:read"], None));
    (0..10).step_by(2).for_each(|number| story.revoke(number));
    let reader = model.reader().expect("a reader");
    let acme = partner("acme");
    let ids = |told: std::ops::RangeInclusive<usize>, model: &mut PartnerKeys| {
        tell(model, &story.events, told).expect("events that follow one another");
        let mut met: Vec<KeyId> = Vec::new();
        loop {
            let keys = reader.of_partner(&acme, Position::new(10), met.last().copied(), 6).expect("a step");
            if keys.is_empty() {
                return met;
            }
            met.extend(keys.iter().map(|key| key.key_id));
        }
    };
    let before = ids(1..=10, &mut model);
    assert_eq!(before, (0..10).rev().map(key_id).collect::<Vec<_>>());
    assert_eq!(ids(11..=25, &mut model), before);
}

#[test]
fn a_page_holds_no_more_than_two_hundred_keys_and_no_less_than_one() {
    let place = Place::new();
    let mut model = place.open();
    let mut story = Story::new();
    (0..201).for_each(|number| story.create(number, "acme", &["client:read"], None));
    tell(&mut model, &story.events, 1..=201).expect("creations");
    let reader = model.reader().expect("a reader");
    let acme = partner("acme");
    let list = |limit| {
        let list = List { partner: &acme, status: None, search: None, now: story.now, limit, after: None };
        reader.list(list).expect("a page")
    };
    assert_eq!(list(1_000).keys.len(), 200);
    assert!(list(1_000).next.is_some());
    assert_eq!(list(0).keys.len(), 1);
}

#[test]
fn many_expired_keys_are_listed_as_few_are() {
    let place = Place::new();
    let mut model = place.open();
    let mut story = Story::new();
    // Every other key expires, one a second; 700 in all.
    for number in 0..1_400_u32 {
        let expiry = number.is_multiple_of(2).then(|| story.now.plus_seconds(1_000 + number / 2));
        story.create(u64::from(number), "acme", &["client:read"], expiry);
    }
    tell(&mut model, &story.events, 1..=1_400).expect("creations");
    let reader = model.reader().expect("a reader");
    let acme = partner("acme");
    for expired in [0, 1, 499, 500, 501, 700_u32] {
        let now = story.now.plus_seconds(999 + expired);
        let mut list = List {
            partner: &acme,
            status: Some(Status::Expired),
            search: None,
            now,
            limit: 200,
            after: None,
        };
        let mut listed = Vec::new();
        loop {
            let page = reader.list(list).expect("a page");
            listed.extend(page.keys.into_iter().map(|key| key.key_id));
            list.after = page.next;
            if page.next.is_none() {
                break;
            }
        }
        let wanted: Vec<_> = (0..expired).rev().map(|number| key_id(u64::from(number) * 2)).collect();
        assert_eq!(listed, wanted, "{expired} expired");
    }
}
