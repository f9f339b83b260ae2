//! Which databases hold people, who may work with them, and what is said of the others.

use keyledger_portal::people::{FirstCode, OpenError, People, PersonId, Standing};
use keyledger_tests::Postgres;
use uuid::Uuid;

use super::place::Place;
use super::story::{LIFETIMES, Story, at, keyring, keys, name, password};
use crate::parsed;

fn refusal(opened: Result<People, OpenError>) -> OpenError {
    opened.map(|_| ()).expect_err("a refusal")
}

#[test]
fn of_machines_that_start_at_once_on_nothing_each_finds_the_tables() {
    let place = Place::new();
    let opened: Vec<_> = std::thread::scope(|scope| {
        let starts: Vec<_> = (0..4).map(|_| scope.spawn(|| place.open(keys()))).collect();
        starts.into_iter().map(|start| start.join().expect("no panic")).collect()
    });
    assert!(opened.iter().all(|people| people.are_there_any() == Ok(false)));
}

#[test]
fn people_of_a_later_build_are_refused() {
    let place = Place::new();
    drop(place.open(keys()));
    place.run(
        "INSERT INTO migrations (version, description, success, checksum, execution_time)
         VALUES (99, 'later', true, '', 0)",
    );
    let refused = refusal(place.open_as("tester", keys()));
    assert!(matches!(refused, OpenError::Newer { found: 99, known: 1, .. }), "{refused}");
}

#[test]
fn a_role_with_no_more_rights_than_the_docs_say_does_everything_and_makes_no_tables() {
    let place = Place::new();
    let role = place.role("commands");
    place.run(&format!("CREATE ROLE {role} LOGIN"));
    let refused = refusal(place.open_as(&role, keys()));
    assert!(refused.to_string().contains("let their owner start this build once"), "{refused}");
    drop(place.open(keys()));
    place.run(&format!(
        "GRANT USAGE ON SCHEMA keyledger_portal TO {role};
         GRANT SELECT ON ALL TABLES IN SCHEMA keyledger_portal TO {role};
         GRANT INSERT, UPDATE ON people TO {role};
         GRANT INSERT ON standing_changes TO {role};
         GRANT INSERT, UPDATE, DELETE ON sessions, setup_code TO {role}"
    ));
    let story = Story::new();
    let people = place.open_as(&role, keys()).expect("it may");
    let FirstCode::Drawn(code) = people.first_setup_code(&story.randomness, at(0)).expect("an answer") else {
        panic!("nobody drew one")
    };
    let hash = password("a few words are fine").hash(&story.randomness);
    let id = PersonId(Uuid::from_u128(1));
    let grace = people.set_up(&code, id, name("grace"), hash.clone(), at(0)).expect("an operator");
    let session = people.begin_session(id, Some(&hash), None, &story.randomness, at(0));
    let session = session.expect("an answer").expect("a session");
    let signed_in = |seconds| people.signed_in(session, LIFETIMES, at(seconds)).expect("an answer");
    assert_eq!(signed_in(120), Some(grace.clone()), "and that they are there is noted");
    people.forget_sessions(LIFETIMES, at(120)).expect("none is over");
    let disable = |_: &_| (Standing::Operator, true);
    people.change_standing(id, disable, &keyring(), at(121)).expect("disabled");
    assert_eq!(signed_in(122), None);
    assert_eq!(people.standing_changes(None).map(|changes| changes.len()), Ok(2));
    assert_eq!(people.copy_to(&story.people), Ok(Some(1)));
}

#[test]
fn whoever_may_only_read_backs_people_up_and_changes_nothing() {
    let place = Place::new();
    let people = place.open(keys());
    let story = Story::new();
    let role = place.role("reads");
    place.run(&format!(
        "CREATE ROLE {role} LOGIN;
         GRANT USAGE ON SCHEMA keyledger_portal TO {role};
         GRANT SELECT ON ALL TABLES IN SCHEMA keyledger_portal TO {role}"
    ));
    people.new_setup_code(&story.randomness, at(0)).expect("a code");
    let reads = place.open_as(&role, keys()).expect("it may read");
    assert_eq!(reads.copy_to(&story.people), Ok(Some(0)));
    let refused = reads.new_setup_code(&story.randomness, at(0)).map(|_| ()).expect_err("it may not");
    assert!(refused.to_string().contains("permission denied"), "{refused}");
}

#[test]
fn a_server_that_may_lose_what_it_committed_is_refused() {
    let server = Postgres::start_with(&[("fsync", "off")]);
    let refused = refusal(People::open_in(&parsed(&server.url("postgres")), keys()));
    assert!(refused.to_string().contains("fsync = off"), "{refused}");
}
