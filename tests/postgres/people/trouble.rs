//! What becomes of people while their database ends without a word, or somebody else holds them.

use std::thread;
use std::time::{Duration, Instant};

use keyledger_portal::people::{ChangeError, People, Person, PersonId, Standing};
use keyledger_tests::{Postgres, within};
use uuid::Uuid;

use super::story::{LIFETIMES, Story, at, keyring, keys, name};
use crate::parsed;

const NEWS: Duration = Duration::from_secs(20);

#[test]
fn what_was_acknowledged_outlives_a_server_that_ends_at_once_and_nobody_has_to_start_again() {
    let mut server = Postgres::start();
    let people = People::open_in(&parsed(&server.url("postgres")), keys()).expect("people");
    let story = Story::new();
    for round in 0..5_u128 {
        let new = |number: u128| keyledger_portal::people::NewPerson {
            id: PersonId(Uuid::from_u128(10 * round + number)),
            username: name(&format!("ada{round}-{number}")),
            password: None,
            standing: Standing::Operator,
        };
        let ada = people.add(new(1), &keyring(), at(0)).expect("they are added");
        let session = people.begin_session(ada.id, None, None, &story.randomness, at(0));
        let session = session.expect("an answer").expect("a session");
        let grace = people.add(new(2), &keyring(), at(0)).expect("they are added");
        let disable = |person: &Person| (person.standing.clone(), true);
        people.change_standing(grace.id, disable, &keyring(), at(0)).expect("disabled");
        server.end_at_once();
        let begun = Instant::now();
        assert!(people.find(ada.id).is_err(), "nobody is there to ask");
        assert!(begun.elapsed() < Duration::from_secs(15), "it took {:?}", begun.elapsed());
        server.begin();
        let back = within(NEWS, || people.find(ada.id).ok());
        assert_eq!(back, Some(Some(ada.clone())), "it goes on by itself");
        assert_eq!(people.signed_in(session, LIFETIMES, at(1)), Ok(Some(ada)));
        let found = people.find(grace.id).expect("an answer").expect("grace");
        assert!(found.disabled, "a right that was withdrawn does not come back with the power");
    }
    assert_eq!(people.standing_changes(None).map(|changes| changes.len()), Ok(15));
}

#[test]
fn whoever_holds_people_for_long_keeps_nobody_from_reading_and_changes_give_up_after_seconds() {
    let story = Story::new();
    let grace = story.add(1, "grace", Standing::Operator);
    thread::scope(|scope| {
        let holding = scope.spawn(|| {
            story
                .place
                .run("BEGIN; LOCK TABLE people IN SHARE ROW EXCLUSIVE MODE; SELECT pg_sleep(7); COMMIT")
        });
        let is_held = "SELECT count(*) FROM pg_locks WHERE mode = 'ShareRowExclusiveLock' AND granted
                       AND relation = 'people'::regclass";
        within(NEWS, || (story.place.run(is_held) == "1").then_some(())).expect("it is held");
        assert_eq!(story.people.find(grace.id), Ok(Some(grace.clone())), "whoever reads goes on");
        let begun = Instant::now();
        let disable = |person: &Person| (person.standing.clone(), true);
        let late = story.people.change_standing(grace.id, disable, &keyring(), at(1));
        assert!(matches!(late, Err(ChangeError::Unavailable(_))), "{late:?}");
        assert!(begun.elapsed() < Duration::from_secs(7), "it took {:?}", begun.elapsed());
        holding.join().expect("it ends");
        let done = story.people.change_standing(grace.id, disable, &keyring(), at(2));
        assert_eq!(done.map(|grace| grace.disabled), Ok(true), "and the connection is good for the next");
    });
}
