//! What the claims of a provider decide, and what they do not.

use keyledger_portal::people::{ChangeError, Decider, Person, PersonId, Role, Standing};
use uuid::Uuid;

use super::story::{IDP, Story, acme, at, keyring, name, password, vouched};

#[test]
fn claims_decide_what_somebody_is_and_each_change_is_kept() {
    let story = Story::new();
    let admin = Standing::of_partner(acme(), Role::Admin);
    let member = Standing::of_partner(acme(), Role::Member);
    let admit = |number: u128, standing: Option<&Standing>, seconds: u32| {
        let vouched = vouched("00u1", "ada@example.com", standing.cloned());
        story.people.admit(IDP, &vouched, PersonId(Uuid::from_u128(number)), at(seconds)).expect("an answer")
    };
    assert_eq!(admit(1, None, 0), None, "claims that say nothing make no account");
    assert_eq!(story.people.list(None), Ok(vec![]));
    let ada = admit(1, Some(&admin), 1).expect("she comes in");
    assert_eq!(
        (ada.id, &ada.standing, ada.issuer.as_deref()),
        (PersonId(Uuid::from_u128(1)), &admin, Some(IDP))
    );
    assert_eq!(admit(2, Some(&admin), 2), Some(ada.clone()), "she is known, and nothing changed");
    let session = story.session(&ada, 2);
    let demoted = admit(3, Some(&member), 3).expect("she comes in");
    assert_eq!((demoted.id, &demoted.standing), (ada.id, &member));
    assert!(!story.is_signed_in(session, 3), "what she was shown as an admin is over");
    let session = story.session(&ada, 4);
    assert_eq!(admit(4, None, 5), None);
    assert!(!story.is_signed_in(session, 5), "claims that say nothing any more sign her out");
    assert!(admit(5, Some(&admin), 6).is_some(), "they came back");
    let changes = story.people.standing_changes(None).expect("they are kept");
    assert!(changes.iter().all(|change| change.by == Decider::Claims(IDP.to_owned())));
    let told: Vec<_> = changes.iter().map(|change| (change.at, change.after.clone())).collect();
    let expected = [
        (at(1), (admin.clone(), false)),
        (at(3), (member.clone(), false)),
        (at(5), (member, true)),
        (at(6), (admin, false)),
    ];
    assert_eq!(told, expected);
}

#[test]
fn whoever_was_disabled_here_stays_so_whatever_claims_say() {
    let story = Story::new();
    let admin = Standing::of_partner(acme(), Role::Admin);
    let disable = |person: &Person| (person.standing.clone(), true);
    let admit = |standing: Option<&Standing>, seconds: u32| {
        let vouched = vouched("00u1", "ada", standing.cloned());
        story.people.admit(IDP, &vouched, PersonId(Uuid::from_u128(1)), at(seconds)).expect("an answer")
    };
    let ada = admit(Some(&admin), 0).expect("she comes in");
    story.people.change_standing(ada.id, disable, &keyring(), at(1)).expect("disabled");
    assert_eq!(admit(Some(&admin), 2), None);
    let enable = |person: &Person| (person.standing.clone(), false);
    story.people.change_standing(ada.id, enable, &keyring(), at(3)).expect("enabled");
    assert!(admit(Some(&admin), 4).is_some());
    // First claims, then the registry's own machine: it counts although nothing seems to change.
    assert_eq!(admit(None, 5), None);
    story.people.change_standing(ada.id, disable, &keyring(), at(6)).expect("disabled");
    assert_eq!(admit(Some(&admin), 7), None);
    assert_eq!(
        story.people.standing_changes(None).expect("changes").last().map(|change| change.by.clone()),
        Some(keyring())
    );
}

#[test]
fn claims_that_change_while_somebody_is_disabled_here_change_nothing_until_they_are_enabled() {
    let story = Story::new();
    let admin = Standing::of_partner(acme(), Role::Admin);
    let member = Standing::of_partner(acme(), Role::Member);
    let admit = |standing: Option<&Standing>, seconds: u32| {
        let vouched = vouched("00u1", "ada", standing.cloned());
        story.people.admit(IDP, &vouched, PersonId(Uuid::from_u128(1)), at(seconds)).expect("an answer")
    };
    let ada = admit(Some(&admin), 0).expect("she comes in");
    let disable = |person: &Person| (person.standing.clone(), true);
    story.people.change_standing(ada.id, disable, &keyring(), at(1)).expect("disabled");
    for (standing, seconds) in [(Some(&member), 2), (Some(&member), 3), (None, 4), (Some(&admin), 5)] {
        assert_eq!(admit(standing, seconds), None);
    }
    assert_eq!(story.people.standing_changes(None).expect("changes").len(), 2, "claims decided nothing");
    let enable = |person: &Person| (person.standing.clone(), false);
    story.people.change_standing(ada.id, enable, &keyring(), at(6)).expect("enabled");
    assert_eq!(admit(Some(&member), 7).map(|ada| ada.standing), Some(member), "and decide again");
}

#[test]
fn nobody_but_claims_changes_what_claims_decide_and_there_is_no_password_to_reset() {
    let story = Story::new();
    let vouched = vouched("00u1", "ada", Some(Standing::Operator));
    let ada = story
        .people
        .admit(IDP, &vouched, PersonId(Uuid::from_u128(1)), at(0))
        .expect("an answer")
        .expect("ada");
    let demote = |_: &Person| (Standing::of_partner(acme(), Role::Member), false);
    let refused = Err(ChangeError::DecidedElsewhere(IDP.to_owned()));
    assert_eq!(story.people.change_standing(ada.id, demote, &keyring(), at(1)), refused);
    let hash = password("correct horse battery").hash(&story.randomness);
    assert_eq!(
        story.people.reset_password(ada.id, None, &hash),
        Err(ChangeError::DecidedElsewhere(IDP.to_owned()))
    );
    assert_eq!(story.people.named(&name("ada")).expect("an answer").and_then(|(_, hash)| hash), None);
}

#[test]
fn nobody_is_taken_for_somebody_else_by_the_name_that_claims_give_them() {
    let story = Story::new();
    story.add(1, "ada@example.com", Standing::Operator);
    let admit = |issuer: &str, subject: &str, called: &str, number: u128| {
        let vouched = vouched(subject, called, Some(Standing::of_partner(acme(), Role::Member)));
        let admitted = story.people.admit(issuer, &vouched, PersonId(Uuid::from_u128(number)), at(0));
        admitted.expect("an answer").expect("they come in")
    };
    assert_eq!(admit(IDP, "a", "Ada@example.com", 2).username, name("Ada@example.com+2"));
    assert_eq!(admit(IDP, "b", "ada@example.com", 3).username, name("ada@example.com+3"));
    assert_eq!(admit(IDP, "b", "ada@example.com", 4).username, name("ada@example.com+3"), "and keeps it");
    let namesakes = |of: &str| -> Vec<_> {
        let found = story.people.namesakes(&name(of)).expect("an answer");
        found.into_iter().map(|person| person.username.to_string()).collect()
    };
    assert_eq!(namesakes("ADA@example.com"), ["Ada@example.com+2", "ada@example.com+3"]);
    assert_eq!(namesakes("ada@example.com+3"), ["ada@example.com", "Ada@example.com+2"]);
    assert_eq!(namesakes("ada"), [""; 0]);
    assert_eq!(admit(IDP, "b", "grace", 5).username, name("grace"), "until they are called something else");
    let elsewhere = admit("https://other.example.com", "b", "x".repeat(100).as_str(), 6);
    assert_ne!(elsewhere.id, PersonId(Uuid::from_u128(3)), "another provider's subjects are other people");
    assert_eq!(admit(IDP, "c", "x".repeat(100).as_str(), 7).username, name(&("x".repeat(98) + "+2")));
}
