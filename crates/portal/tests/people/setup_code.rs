//! The code with which the first operator is made.

use keyledger_portal::people::{FirstCode, PersonId, SetupCode, SetupError, Standing};
use uuid::Uuid;

use super::story::{Story, at, name, password};

#[test]
fn a_code_makes_one_operator_within_a_quarter_of_an_hour() {
    let story = Story::new();
    let set_up = |code: &SetupCode, id: u128, username: &str, seconds: u32| {
        let hash = password("a few words are fine").hash(&story.randomness);
        story.people.set_up(code, PersonId(Uuid::from_u128(id)), name(username), hash, at(seconds))
    };
    let old = story.people.new_setup_code(&story.randomness, at(0)).expect("a code");
    let code = story.people.new_setup_code(&story.randomness, at(0)).expect("a code");
    assert_eq!(set_up(&old, 1, "grace", 1), Err(SetupError::WrongCode), "a newer one was drawn");
    assert_eq!(set_up(&code, 1, "grace", 900), Err(SetupError::WrongCode), "its time is over");
    let typed = SetupCode::typed(&format!(" {} ", code.expose().to_lowercase()));
    let grace = set_up(&typed, 1, "grace", 899).expect("an operator");
    assert_eq!((grace.standing, grace.disabled), (Standing::Operator, false));
    assert_eq!(set_up(&code, 2, "alan", 899), Err(SetupError::WrongCode), "it is used up");
    let code = story.people.new_setup_code(&story.randomness, at(0)).expect("a code");
    assert_eq!(set_up(&code, 2, "GRACE", 1), Err(SetupError::Taken(name("GRACE"))));
    set_up(&code, 2, "alan", 1).expect("a name that is taken does not use the code up");
}

#[test]
fn of_several_starts_one_draws_a_code_and_the_others_leave_it_good_while_it_is() {
    let story = Story::new();
    let start = |seconds: u32| {
        // Each process on a machine of its own.
        let people = story.place.open(super::story::keys());
        people.first_setup_code(&story.randomness, at(seconds)).expect("an answer")
    };
    let FirstCode::Drawn(code) = start(0) else { panic!("nobody drew one before") };
    assert!(matches!(start(1), FirstCode::DrawnBefore) && matches!(start(899), FirstCode::DrawnBefore));
    assert_eq!(story.people.is_setup_code(&code, at(899)), Ok(true), "it is good all the same");
    let FirstCode::Drawn(later) = start(900) else { panic!("its time is over") };
    assert_eq!(story.people.is_setup_code(&code, at(901)), Ok(false));
    let hash = password("a few words are fine").hash(&story.randomness);
    story
        .people
        .set_up(&later, PersonId(Uuid::from_u128(1)), name("grace"), hash, at(901))
        .expect("an operator");
    assert!(matches!(start(902), FirstCode::NotNeeded));
}

#[test]
fn of_those_who_start_and_those_who_type_the_code_at_once_one_wins() {
    let story = Story::new();
    let machines: Vec<_> = (0..4).map(|_| story.place.open(super::story::keys())).collect();
    let drawn: Vec<_> = std::thread::scope(|scope| {
        let starts: Vec<_> = machines
            .iter()
            .map(|people| {
                scope.spawn(|| people.first_setup_code(&story.randomness, at(0)).expect("an answer"))
            })
            .collect();
        let codes = starts.into_iter().map(|start| start.join().expect("no panic"));
        codes.filter_map(|code| if let FirstCode::Drawn(code) = code { Some(code) } else { None }).collect()
    });
    let [code] = &drawn[..] else { panic!("{} codes were drawn", drawn.len()) };
    let hash = password("a few words are fine").hash(&story.randomness);
    let made: Vec<_> = std::thread::scope(|scope| {
        let asked: Vec<_> = (1..)
            .zip(&machines)
            .map(|(number, people)| {
                let (id, hash) = (PersonId(Uuid::from_u128(number)), hash.clone());
                scope.spawn(move || people.set_up(code, id, name(&format!("operator{number}")), hash, at(1)))
            })
            .collect();
        asked.into_iter().map(|asked| asked.join().expect("no panic")).collect()
    });
    assert_eq!(made.iter().filter(|made| made.is_ok()).count(), 1, "{made:?}");
    assert!(made.iter().all(|made| made.is_ok() || *made == Err(SetupError::WrongCode)), "{made:?}");
    assert_eq!(story.people.list(None).expect("a list").len(), 1);
}
