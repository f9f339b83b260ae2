//! People who are copied to another place: what goes along, and what does not.

use keyledger_portal::people::{Person, Role, Standing};

use super::story::{LIFETIMES, Story, acme, at, keys, name, password};

#[test]
fn everybody_goes_along_with_their_password_and_every_change_and_nobody_is_signed_in_there() {
    let (from, to) = (Story::new(), Story::new());
    let grace = from.add(1, "grace", Standing::Operator);
    let ada = from.add(2, "Ada@example.com", Standing::of_partner(acme(), Role::Admin));
    let hash = password("a few words are fine").hash(&from.randomness);
    from.people.reset_password(grace.id, None, &hash).expect("set");
    let disable = |person: &Person| (person.standing.clone(), true);
    from.people.change_standing(ada.id, disable, &grace.decider(), at(1)).expect("disabled");
    let session = from.people.begin_session(grace.id, Some(&hash), None, &from.randomness, at(2));
    let session = session.expect("an answer").expect("a session");
    assert_eq!(from.people.copy_to(&to.people), Ok(Some(2)));
    assert_eq!(to.people.list(None), from.people.list(None));
    assert_eq!(to.people.standing_changes(None), from.people.standing_changes(None));
    let known = to.people.named(&name("grace")).expect("an answer").and_then(|(_, hash)| hash);
    assert!(known == Some(hash));
    assert_eq!(to.people.signed_in(session, LIFETIMES, at(3)), Ok(None));
    let enable = |person: &Person| (person.standing.clone(), false);
    to.people.change_standing(ada.id, enable, &grace.decider(), at(4)).expect("and it goes on from there");
    assert_eq!(to.people.standing_changes(None).map(|changes| changes.len()), Ok(4));
    assert_eq!(from.people.copy_to(&to.people), Ok(None), "who is there is not written over");
    assert_eq!(to.people.standing_changes(None).map(|changes| changes.len()), Ok(4));
}

#[test]
fn what_somebody_altered_goes_along_and_is_refused_there_too() {
    let (from, to) = (Story::new(), Story::new());
    from.add(1, "mel", Standing::of_partner(acme(), Role::Member));
    from.place.forge("UPDATE people SET standing = 'operator', partner_id = NULL");
    assert_eq!(from.people.copy_to(&to.people), Ok(Some(1)));
    let refused = to.place.open(keys()).named(&name("mel")).expect_err("altered").to_string();
    assert!(refused.contains("was written, altered"), "{refused}");
}
