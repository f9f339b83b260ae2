//! What people may do, and by what they sign in.

use keyledger_portal::people::{
    AddError, ChangeError, NewPerson, PasswordHash, Person, PersonId, Role, Standing,
};
use uuid::Uuid;

use super::story::{LIFETIMES, Story, acme, at, keyring, keys, name, password};

#[test]
fn whoever_loses_a_right_or_a_password_is_signed_out_everywhere_and_the_change_is_kept() {
    let story = Story::new();
    let grace = story.add(1, "grace", Standing::Operator);
    let ada = story.add(2, "ada", Standing::of_partner(acme(), Role::Admin));
    let (here, there) = (story.session(&ada, 0), story.session(&ada, 0));
    let member = Standing::of_partner(acme(), Role::Member);
    let to_member = |_: &Person| (member.clone(), false);
    let changed =
        story.people.change_standing(ada.id, to_member, &grace.decider(), at(60)).expect("a change");
    assert_eq!(changed.standing, member);
    assert!(!story.is_signed_in(here, 61) && !story.is_signed_in(there, 61));
    let again = story.people.change_standing(ada.id, to_member, &grace.decider(), at(61)).expect("no change");
    assert_eq!(again, changed);
    let kept = story.people.standing_changes(Some(&acme())).expect("they are kept");
    let told: Vec<_> = kept
        .iter()
        .filter(|change| change.person == ada.id)
        .map(|change| (change.at, change.by.clone(), change.after.clone()))
        .collect();
    let admin = Standing::of_partner(acme(), Role::Admin);
    assert_eq!(told, [(at(0), keyring(), (admin, false)), (at(60), grace.decider(), (member, false))]);

    let session = story.session(&ada, 62);
    let hash = password("another, long enough").hash(&story.randomness);
    story.people.reset_password(ada.id, None, &hash).expect("it is another");
    assert!(!story.is_signed_in(session, 63));
    let begin = |hash: Option<&PasswordHash>, seconds| {
        let begun = story.people.begin_session(ada.id, hash, None, &story.randomness, at(seconds));
        begun.expect("an answer")
    };
    assert!(begin(None, 63).is_none(), "the password that was compared is another one by now");
    let disable = |person: &Person| (person.standing.clone(), true);
    let session = begin(Some(&hash), 64).expect("a session");
    story.people.change_standing(ada.id, disable, &grace.decider(), at(65)).expect("disabled");
    assert!(!story.is_signed_in(session, 65));
    assert!(begin(Some(&hash), 66).is_none(), "not even for who was let in a moment ago");
}

#[test]
fn whoever_changes_a_password_that_was_reset_meanwhile_changes_nothing() {
    let story = Story::new();
    let ada = story.add(1, "ada", Standing::Operator);
    let hash = |text: &str| password(text).hash(&story.randomness);
    let (stolen, reset, thiefs) =
        (hash("known to a thief"), hash("a new one for ada"), hash("what a thief likes"));
    story.people.reset_password(ada.id, None, &stolen).expect("set");
    // The thief's is compared, and before the new one is written it is reset.
    story.people.reset_password(ada.id, None, &reset).expect("reset");
    let refused = story.people.reset_password(ada.id, Some(&stolen), &thiefs);
    assert_eq!(refused, Err(ChangeError::AnotherPassword));
    let kept =
        |story: &Story| story.people.named(&name("ada")).expect("an answer").and_then(|(_, hash)| hash);
    assert!(kept(&story) == Some(reset.clone()));
    story
        .people
        .reset_password(ada.id, Some(&reset), &thiefs)
        .expect("whoever knows the one that it is changes it");
    assert!(kept(&story) == Some(thiefs));
}

#[test]
fn the_last_operator_who_can_sign_in_stays_one() {
    let story = Story::new();
    let (grace, alan) = (story.add(1, "grace", Standing::Operator), story.add(2, "alan", Standing::Operator));
    let disable = |person: &Person| (person.standing.clone(), true);
    story.people.change_standing(alan.id, disable, &grace.decider(), at(1)).expect("one is left");
    let refused = story.people.change_standing(grace.id, disable, &grace.decider(), at(2));
    assert_eq!(refused, Err(ChangeError::LastOperator));
    assert_eq!(story.people.find(grace.id), Ok(Some(grace.clone())));
    let disabled = story.people.change_standing(grace.id, disable, &keyring(), at(3));
    assert_eq!(disabled.map(|grace| grace.disabled), Ok(true), "the registry's machine can make another one");
}

#[test]
fn a_name_is_one_persons_whatever_its_capitals() {
    let story = Story::new();
    let ada = story.add(1, "ada@example.com", Standing::of_partner(acme(), Role::Member));
    let new = NewPerson {
        id: PersonId(Uuid::from_u128(2)),
        username: name("Ada@Example.com"),
        password: None,
        standing: Standing::Operator,
    };
    assert!(matches!(story.people.add(new, &keyring(), at(0)), Err(AddError::Taken(_))));
    let found = story.people.named(&name("ADA@example.com")).expect("an answer").map(|(person, _)| person);
    assert_eq!(found, Some(ada));
    assert_eq!(story.people.list(Some(&acme())).expect("a list").len(), 1);
}

#[test]
fn of_operators_who_disable_one_another_at_once_on_several_machines_one_stays() {
    let story = Story::new();
    let machines = [(); 2].map(|()| story.place.open(keys()));
    for round in 0..20_u128 {
        let [grace, alan] = [("grace", 2 * round + 1), ("alan", 2 * round + 2)]
            .map(|(who, id)| story.add(id, &format!("{who}{round}"), Standing::Operator));
        let disable = |person: &Person| (person.standing.clone(), true);
        let done = std::thread::scope(|scope| {
            let asked =
                [(&machines[0], &grace, &alan), (&machines[1], &alan, &grace)].map(|(people, one, other)| {
                    scope.spawn(|| people.change_standing(other.id, disable, &one.decider(), at(1)))
                });
            asked.map(|asked| asked.join().expect("no panic"))
        });
        let refused = done.iter().filter(|done| **done == Err(ChangeError::LastOperator)).count();
        assert_eq!((refused, done.iter().filter(|done| done.is_ok()).count()), (1, 1), "{done:?}");
        // By whoever holds the machine, so that the next two are the last two.
        for person in [grace, alan] {
            story.people.change_standing(person.id, disable, &keyring(), at(2)).expect("disabled");
        }
    }
}

#[test]
fn what_one_machine_decides_holds_on_the_other_with_the_next_request() {
    let story = Story::new();
    let other = story.place.open(keys());
    let grace = story.add(1, "grace", Standing::Operator);
    let ada = story.add(2, "ada", Standing::of_partner(acme(), Role::Admin));
    let session = story.session(&ada, 0);
    let there = |seconds| other.signed_in(session, LIFETIMES, at(seconds)).expect("an answer");
    assert_eq!(there(1), Some(ada.clone()), "a session of one is good at the other");
    let member = Standing::of_partner(acme(), Role::Member);
    let demote = |_: &Person| (member.clone(), false);
    other.change_standing(ada.id, demote, &grace.decider(), at(2)).expect("a change");
    assert!(!story.is_signed_in(session, 2) && there(2).is_none());
    let session = story.session(&ada, 3);
    other.end_session(session).expect("it ends");
    assert!(!story.is_signed_in(session, 3), "signed out there");
    let session = other.begin_session(ada.id, None, None, &story.randomness, at(4));
    let session = session.expect("an answer").expect("a session");
    let hash = password("another, long enough").hash(&story.randomness);
    story.people.reset_password(ada.id, None, &hash).expect("it is another");
    assert_eq!(other.signed_in(session, LIFETIMES, at(5)), Ok(None));
    let known = other.named(&name("ada")).expect("an answer").and_then(|(_, hash)| hash);
    assert!(known == Some(hash), "and the password is the new one there");
}
