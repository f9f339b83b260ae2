//! What whoever reads the store learns, and what whoever writes to it comes to.

use keyledger_portal::people::{Person, PersonId, Role, Standing};
use uuid::Uuid;

use super::story::{IDP, LIFETIMES, Story, acme, at, keyring, name, password, vouched};

#[test]
fn the_store_holds_nothing_that_signs_anybody_in() {
    let story = Story::new();
    let ada = story.add(1, "ada", Standing::Operator);
    let session = story.session(&ada, 0);
    let code = story.people.new_setup_code(&story.randomness, at(0)).expect("a code");
    story
        .people
        .reset_password(ada.id, None, &password("correct horse battery").hash(&story.randomness))
        .expect("set");
    let hash = story.people.named(&name("ada")).expect("an answer").and_then(|(_, hash)| hash);
    let again = story.people.begin_session(ada.id, hash.as_ref(), None, &story.randomness, at(0));
    let session_again = again.expect("an answer").expect("a session");
    let bytes = story.place.everything();
    let plain = code.expose().replace('-', "");
    for secret in [session.expose(), session_again.expose(), plain, "correct horse battery".to_owned()] {
        let found = bytes.windows(secret.len()).any(|window| window == secret.as_bytes());
        assert!(!found, "a secret lies there");
        if let Ok(raw) = hex::decode(&secret) {
            assert!(!bytes.windows(raw.len()).any(|window| window == raw), "a session's id lies there");
        }
    }
}

#[test]
fn whoever_can_write_to_the_store_becomes_nobody_by_that() {
    let forgeries = [
        ("a right", "UPDATE people SET standing = 'operator', partner_id = NULL WHERE username = 'mel'"),
        ("another partner", "UPDATE people SET partner_id = 'globex' WHERE username = 'mel'"),
        ("an account that was disabled", "UPDATE people SET disabled = 0 WHERE username = 'ada'"),
        ("who disabled somebody", "UPDATE people SET disabled_by_claims = 1 WHERE username = 'ada'"),
        (
            "somebody's password",
            "UPDATE people SET password = (SELECT password FROM people WHERE username = 'mel') WHERE username = 'grace'",
        ),
        ("somebody's name", "UPDATE people SET username = 'gracie' WHERE username = 'grace'"),
        (
            "where somebody signs in",
            "UPDATE people SET issuer = 'https://evil.example', subject = 'x', password = NULL WHERE username = 'grace'",
        ),
        (
            "somebody new",
            "INSERT INTO people SELECT '00000000-0000-0000-0000-000000000009', 'eve', password, NULL, NULL, 'operator', NULL, 0, 0, created_at, mac FROM people WHERE username = 'grace'",
        ),
    ];
    for (what, forgery) in forgeries {
        let story = Story::new();
        let grace = story.add(1, "grace", Standing::Operator);
        let ada = story.add(2, "ada", Standing::of_partner(acme(), Role::Admin));
        let mel = story.add(3, "mel", Standing::of_partner(acme(), Role::Member));
        let hash = password("a few words are fine").hash(&story.randomness);
        story.people.reset_password(mel.id, None, &hash).expect("set");
        let disable = |person: &Person| (person.standing.clone(), true);
        story.people.change_standing(ada.id, disable, &grace.decider(), at(1)).expect("disabled");
        let before = story.people.list(None).expect("nobody forged anything");
        assert_eq!(before.len(), 3);
        story.place.forge(forgery);
        let refused = story.people.list(None).expect_err(what).to_string();
        assert!(
            refused.contains("a person, among the people of the portal, was written, altered"),
            "{refused}"
        );
        for name in ["mel", "ada", "grace", "gracie", "eve"] {
            // Whoever was not touched is still known; whoever was is not.
            let found = story.people.named(&self::name(name));
            let untouched = found
                .as_ref()
                .is_ok_and(|found| found.as_ref().is_none_or(|(person, _)| before.contains(person)));
            assert!(found.is_err() || untouched, "{what}: {found:?}");
        }
    }
}

#[test]
fn changes_that_somebody_takes_out_or_puts_in_another_order_enable_nobody() {
    let forgeries = [
        ("DELETE FROM standing_changes WHERE number = 4", true),
        (
            "UPDATE standing_changes SET number = 9 WHERE number = 3; UPDATE standing_changes SET number = 3 WHERE number = 4;
             UPDATE standing_changes SET number = 4 WHERE number = 9",
            true,
        ),
        // The end of a list looks like every other end.
        ("DELETE FROM standing_changes WHERE number > 3", false),
        ("DELETE FROM standing_changes", false),
    ];
    for (forgery, missed) in forgeries {
        let story = Story::new();
        let admin = Standing::of_partner(acme(), Role::Admin);
        let admit = |standing: Option<&Standing>, seconds: u32| {
            let vouched = vouched("00u1", "ada", standing.cloned());
            story.people.admit(IDP, &vouched, PersonId(Uuid::from_u128(1)), at(seconds)).expect("an answer")
        };
        let ada = admit(Some(&admin), 0).expect("she comes in");
        assert_eq!(admit(None, 1), None);
        assert!(admit(Some(&admin), 2).is_some());
        let disable = |person: &Person| (person.standing.clone(), true);
        story.people.change_standing(ada.id, disable, &keyring(), at(3)).expect("disabled");
        story.add(2, "grace", Standing::Operator);
        assert_eq!(story.people.standing_changes(None).expect("changes").len(), 5);
        story.place.run(forgery);
        assert_eq!(admit(Some(&admin), 4), None, "{forgery}");
        let told = story.people.standing_changes(None);
        let refused = told.is_err_and(|error| error.to_string().contains("or removed by somebody"));
        assert_eq!(refused, missed, "{forgery}");
    }
}

#[test]
fn a_session_a_code_and_a_change_that_somebody_wrote_there_are_refused() {
    let story = Story::new();
    let grace = story.add(1, "grace", Standing::Operator);
    let mel = story.add(2, "mel", Standing::of_partner(acme(), Role::Member));
    let session = story.session(&mel, 0);
    let forge = |forgery: &str| story.place.forge(&forgery.replace("GRACE", &grace.id.to_string()));
    let signed_in = || story.people.signed_in(session, LIFETIMES, at(1));
    assert!(signed_in().is_ok_and(|person| person.is_some()));
    forge("UPDATE sessions SET person_id = 'GRACE'");
    assert!(signed_in().is_err_and(|error| error.to_string().contains("a session, among the people")));
    let code = story.people.new_setup_code(&story.randomness, at(0)).expect("a code");
    assert_eq!(story.people.is_setup_code(&code, at(1)), Ok(true));
    forge("UPDATE setup_code SET valid_until = '2100-01-01T00:00:00.000Z'");
    assert!(story.people.is_setup_code(&code, at(1)).is_err());
    assert!(story.people.standing_changes(None).is_ok_and(|changes| changes.len() == 2));
    forge("UPDATE standing_changes SET by = '{\"kind\":\"person\",\"id\":\"GRACE\"}' WHERE number = 2");
    assert!(
        story
            .people
            .standing_changes(None)
            .is_err_and(|error| error.to_string().contains("a change of what"))
    );
}
