//! Where people are signed in, over time.

use keyledger_portal::people::{PersonId, Role, Standing};
use uuid::Uuid;

use super::story::{IDP, Story, acme, at, vouched};

#[test]
fn a_session_ends_when_nobody_comes_for_a_while_and_in_any_case_after_half_a_day() {
    let story = Story::new();
    let ada = story.add(1, "ada", Standing::of_partner(acme(), Role::Admin));
    let idle = story.session(&ada, 0);
    assert!(story.is_signed_in(idle, 1_799));
    assert!(story.is_signed_in(idle, 1_799 + 1_700), "somebody was there meanwhile");
    assert!(!story.is_signed_in(idle, 1_799 + 1_700 + 1_800));
    let busy = story.session(&ada, 0);
    assert!((0..43).all(|hour| story.is_signed_in(busy, hour * 1_000)));
    assert!(!story.is_signed_in(busy, 43_200));
    assert!(!story.is_signed_in(busy, 42_000), "what is over stays over, whatever the clock does");
}

#[test]
fn a_session_that_a_browser_showed_before_leads_nowhere_after_signing_in() {
    let story = Story::new();
    let ada = story.add(1, "ada", Standing::of_partner(acme(), Role::Admin));
    let planted = story.session(&ada, 0);
    let own = story
        .people
        .begin_session(ada.id, None, Some(planted), &story.randomness, at(1))
        .expect("an answer")
        .expect("a session");
    assert!(story.is_signed_in(own, 2) && !story.is_signed_in(planted, 2));
    story.people.end_session(own).expect("it ends");
    assert!(!story.is_signed_in(own, 2));
}

#[test]
fn claims_are_believed_for_as_long_as_it_was_said_and_not_for_half_a_day() {
    let story = Story::new();
    let vouched = vouched("00u1", "ada", Some(Standing::Operator));
    let ada = story
        .people
        .admit(IDP, &vouched, PersonId(Uuid::from_u128(1)), at(0))
        .expect("an answer")
        .expect("ada");
    let session = story.session(&ada, 0);
    assert!(story.is_signed_in(session, 1_700) && story.is_signed_in(session, 3_399));
    assert!(!story.is_signed_in(session, 3_600));
}
