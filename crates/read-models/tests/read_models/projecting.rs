//! What events make of the rows: the same however they come, all or nothing, and nothing that does not follow.

use super::place::Place;
use super::story::{Story, key_id, log, mac, partner, prefix, tell};
use keyledger_domain::{
    Scope,
    envelope::Stream,
    key::{Key, Status},
};
use keyledger_event_log::{Checkpoint, Position};
use keyledger_read_models::{ApplyError, Contents, List, PartnerKeys, PartnerKeysReader};
use proptest::prelude::*;

/// What a file holds after the same events: every store has the digest of that.
fn from_nothing(story: &Story, up_to: usize) -> Contents {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let mut model = PartnerKeys::open(directory.path().join("read-models.db"), log()).expect("a read model");
    tell(&mut model, &story.events, 1..=up_to).expect("events that follow one another");
    model.contents().expect("contents")
}

fn everything(reader: &PartnerKeysReader) -> Vec<Key> {
    let mut keys: Vec<Key> = Vec::new();
    loop {
        let page = reader.all(keys.last().map(|key| key.key_id), 3).expect("a page");
        if page.is_empty() {
            return keys;
        }
        keys.extend(page);
    }
}

/// Compares every answer with what the domain's own fold says.
fn assert_answers_as(story: &Story, reader: &PartnerKeysReader) {
    let folded: Vec<_> = story.keys.values().cloned().collect();
    assert_eq!(everything(reader), folded);
    for owner in ["acme", "globex", "registry", "nobody"] {
        let owner = partner(owner);
        let mut own: Vec<_> = folded.iter().filter(|key| key.partner_id == owner).cloned().collect();
        own.sort_by_key(|key| std::cmp::Reverse((key.created_at, key.key_id)));
        for status in [None, Some(Status::Active), Some(Status::Revoked), Some(Status::Expired)] {
            let wanted: Vec<_> = own
                .iter()
                .filter(|key| status.is_none_or(|status| key.status(story.now) == status))
                .cloned()
                .collect();
            let mut listed = Vec::new();
            let mut list =
                List { partner: &owner, status, search: None, now: story.now, limit: 2, after: None };
            loop {
                let page = reader.list(list).expect("a page");
                listed.extend(page.keys);
                list.after = page.next;
                if page.next.is_none() {
                    break;
                }
            }
            assert_eq!(listed, wanted, "{owner} {status:?}");
        }
        let live = own.iter().filter(|key| key.status(story.now) == Status::Active).count();
        assert_eq!(reader.count_live(&owner, story.now), Ok(live as u64), "{owner}");
    }
    for key in &folded {
        assert_eq!(reader.get(key.key_id), Ok(Some(key.clone())));
        assert_eq!(reader.by_prefix(key.prefix), Ok(vec![key.clone()]));
    }
    let holds = Scope::parse("site:read").expect("a scope");
    let holding: Vec<_> =
        folded.iter().filter(|key| key.revoked.is_none() && key.scopes.contains(&holds)).cloned().collect();
    assert_eq!(reader.keys_holding(&holds, None, 200), Ok(holding));
    let operators = folded.iter().filter(|key| {
        key.partner_id.is_registry() && key.status(story.now) == Status::Active && !key.unreadable
    });
    let mut operators: Vec<_> = operators.map(|key| (key.created_at, key.key_id)).collect();
    operators.sort();
    let operators: Vec<_> = operators.into_iter().map(|(_, key_id)| key_id).collect();
    assert_eq!(reader.operator_keys(story.now), Ok(operators));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(Place::CASES))]

    #[test]
    fn rows_are_the_same_however_the_events_come_and_answer_as_the_domain_does(
        acts in prop::collection::vec((0_u8..12, 0_u64..6, 0_u32..200), 1..60),
        batches in prop::collection::vec(1_usize..12, 60),
    ) {
        let mut story = Story::new();
        for (what, number, amount) in acts {
            story.something(what, number, amount);
        }
        let place = Place::new();
        let mut model = place.open();
        let mut told = 0;
        for batch in batches {
            let up_to = story.events.len().min(told + batch);
            tell(&mut model, &story.events, told + 1..=up_to).expect("events that follow one another");
            told = up_to;
            // Whatever moment it is stopped at, it holds exactly what a new one would after the same events.
            prop_assert_eq!(model.contents().expect("contents"), from_nothing(&story, told));
            if batch == 1 {
                drop(model);
                model = place.open();
            }
            if told == story.events.len() {
                break;
            }
        }
        assert_answers_as(&story, &model.reader().expect("a reader"));
    }
}

/// Two keys of which one was regenerated: five events.
fn a_short_story() -> Story {
    let mut story = Story::new();
    story.create(1, "acme", &["client:read"], None);
    story.create(2, "acme", &["client:read"], None);
    story.regenerate(1, 60, None);
    story.revoke(2);
    story.unreadable(Stream::Key(key_id(1)));
    story
}

#[test]
fn a_batch_that_fails_leaves_rows_and_checkpoint_where_they_were() {
    let story = a_short_story();
    let place = Place::new();
    let mut model = place.open();
    tell(&mut model, &story.events, 1..=2).expect("the first events");
    let before = model.contents().expect("contents");
    let mut forged = story.events.clone();
    forged[3].revision = 7;
    tell(&mut model, &forged, 3..=4).expect_err("the second of them does not follow");
    assert_eq!(model.contents(), Ok(before.clone()));
    drop(model);
    let mut model = place.open();
    assert_eq!(*model.checkpoint(), Checkpoint { position: Position::new(2), mac: mac(2) });
    assert_eq!(model.contents(), Ok(before));
    tell(&mut model, &story.events, 3..=5).expect("the same events, unforged");
    assert_eq!(model.contents(), Ok(from_nothing(&story, 5)));
}

#[test]
fn an_event_that_is_missing_from_the_middle_of_a_stream_is_noticed() {
    let mut story = a_short_story();
    story.events.remove(2);
    let place = Place::new();
    let mut model = place.open();
    let stream = Stream::Key(key_id(1)).to_string();
    let position = Position::new(4);
    let missing = ApplyError::MissingRevision { position, stream, held: Some(0), found: 2 };
    assert_eq!(tell(&mut model, &story.events, 1..=4), Err(missing));
}

#[test]
fn the_revision_of_a_stream_is_kept_where_its_creation_cannot_be_read() {
    let mut story = Story::new();
    story.unreadable(Stream::Key(key_id(1)));
    story.something(10, 0, 0);
    story.unreadable(Stream::Key(key_id(1)));
    story.something(10, 0, 0);
    story.unreadable(Stream::Key(key_id(1)));
    for missing in [3, 4] {
        let place = Place::new();
        let mut model = place.open();
        tell(&mut model, &story.events, 1..=2).expect("the first of each stream");
        let mut events = story.events.clone();
        events.remove(missing - 1);
        let refused = tell(&mut model, &events, 3..=4);
        // The catalogue's second event is its last, so only the key's can be missed.
        assert_eq!(refused.is_err(), missing == 3, "{refused:?}");
    }
    assert_eq!(from_nothing(&story, 5).checkpoint.position, Position::new(5));
}

#[test]
fn an_event_that_was_taken_in_is_not_taken_in_again() {
    let story = a_short_story();
    let place = Place::new();
    let mut model = place.open();
    tell(&mut model, &story.events, 1..=3).expect("the first events");
    let again = ApplyError::NotBehind { held: Position::new(3), found: Position::new(3) };
    assert_eq!(tell(&mut model, &story.events, 3..=4), Err(again));
}

#[test]
fn an_event_that_this_build_cannot_read_marks_its_key_and_no_other() {
    let story = a_short_story();
    let place = Place::new();
    let mut model = place.open();
    tell(&mut model, &story.events, 1..=5).expect("the story");
    let reader = model.reader().expect("a reader");
    let unreadable = |number| reader.get(key_id(number)).expect("an answer").expect("a key").unreadable;
    assert!(unreadable(1));
    assert!(!unreadable(2));
}

#[test]
fn a_superseded_prefix_still_finds_its_key() {
    let story = a_short_story();
    let place = Place::new();
    let mut model = place.open();
    tell(&mut model, &story.events, 1..=5).expect("the story");
    let reader = model.reader().expect("a reader");
    let found = |number| {
        let keys = reader.by_prefix(prefix(number)).expect("an answer");
        keys.iter().map(|key| key.key_id).collect::<Vec<_>>()
    };
    assert_eq!(
        [found(1), found(2), found(3), found(4)],
        [vec![key_id(1)], vec![key_id(2)], vec![key_id(1)], vec![]]
    );
}

#[test]
fn a_prefix_that_a_copied_log_gave_to_two_keys_finds_both() {
    let mut story = Story::new();
    story.create(1, "acme", &["client:read"], None);
    let mut other = Story::new();
    other.create(2, "globex", &["client:read"], None);
    story.events.append(&mut other.events);
    let place = Place::new();
    let mut model = place.open();
    tell(&mut model, &story.events, 1..=2).expect("two creations");
    let found = model.reader().expect("a reader").by_prefix(prefix(1)).expect("an answer");
    assert_eq!(found.iter().map(|key| key.key_id).collect::<Vec<_>>(), [key_id(1), key_id(2)]);
}
