//! What people may do, and where they are signed in, over time.
#![cfg(test)]

use keyledger_domain::{PartnerId, Timestamp};
use tempfile::TempDir;
use uuid::Uuid;
use zeroize::Zeroizing;

use super::*;
use crate::{
    openid::Vouched,
    testing::{Counting, keys},
};

struct Story {
    people: People,
    randomness: Counting,
    _home: TempDir,
}

const LIFETIMES: Lifetimes =
    Lifetimes { idle_seconds: 1_800, absolute_seconds: 43_200, vouched_seconds: 3_600 };

fn at(seconds: u32) -> Timestamp {
    Timestamp::from_millis(1_800_000_000_000).plus_seconds(seconds)
}

fn keyring() -> Decider {
    Decider::Keyring("the log".to_owned())
}

fn acme() -> PartnerId {
    PartnerId::parse("acme").expect("a partner")
}

fn name(text: &str) -> Username {
    Username::parse(text).expect("a user name")
}

fn password(text: &str) -> Password {
    Password::typed(Zeroizing::new(text.to_owned()))
}

impl Story {
    fn new() -> Self {
        let home = tempfile::tempdir().expect("a directory");
        let people = People::open(&home.path().join("portal.db"), keys()).expect("a file of people");
        Self { people, randomness: Counting::default(), _home: home }
    }

    fn add(&self, id: u128, username: &str, standing: Standing) -> Person {
        let new = NewPerson {
            id: PersonId(Uuid::from_u128(id)),
            username: name(username),
            password: None,
            standing,
        };
        self.people.add(new, &keyring(), at(0)).expect("they are added")
    }

    fn session(&self, person: &Person, seconds: u32) -> SessionId {
        self.people
            .begin_session(person.id, None, None, &self.randomness, at(seconds))
            .expect("an answer")
            .expect("a session")
    }

    fn is_signed_in(&self, session: SessionId, seconds: u32) -> bool {
        self.people.signed_in(session, LIFETIMES, at(seconds)).expect("an answer").is_some()
    }
}

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

/// Somebody as a provider tells of them.
fn vouched(subject: &str, name: &str, standing: Option<Standing>) -> Vouched {
    Vouched { subject: subject.to_owned(), name: self::name(name), standing }
}

const IDP: &str = "https://idp.example.com";

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
fn the_file_holds_nothing_that_signs_anybody_in() {
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
    let mut bytes = Vec::new();
    for entry in std::fs::read_dir(story._home.path()).expect("a directory") {
        bytes.extend(std::fs::read(entry.expect("an entry").path()).expect("a file"));
    }
    let plain = code.expose().replace('-', "");
    for secret in [session.expose(), session_again.expose(), plain, "correct horse battery".to_owned()] {
        let found = bytes.windows(secret.len()).any(|window| window == secret.as_bytes());
        assert!(!found, "a secret lies in the file");
        if let Ok(raw) = hex::decode(&secret) {
            assert!(!bytes.windows(raw.len()).any(|window| window == raw), "a session's id lies in the file");
        }
    }
}

#[test]
fn whoever_can_write_to_the_file_becomes_nobody_by_that() {
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
        assert_eq!(story.people.db().execute(forgery, ()), Ok(1), "{what}");
        let refused = story.people.list(None).expect_err(what).to_string();
        assert!(refused.contains("a person, in the file of people, was written, altered"), "{refused}");
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
fn changes_that_somebody_takes_out_of_the_file_or_puts_in_another_order_enable_nobody() {
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
        story.people.db().execute_batch(forgery).expect("whoever writes to the file can do that");
        assert_eq!(admit(Some(&admin), 4), None, "{forgery}");
        let told = story.people.standing_changes(None);
        let refused = told.is_err_and(|error| error.to_string().contains("or removed by somebody"));
        assert_eq!(refused, missed, "{forgery}");
    }
}

#[test]
fn a_session_a_code_and_a_change_that_somebody_wrote_into_the_file_are_refused() {
    let story = Story::new();
    let grace = story.add(1, "grace", Standing::Operator);
    let mel = story.add(2, "mel", Standing::of_partner(acme(), Role::Member));
    let session = story.session(&mel, 0);
    let forge = |forgery: &str| {
        let forged = story.people.db().execute(&forgery.replace("GRACE", &grace.id.to_string()), ());
        assert!(forged.is_ok_and(|rows| rows > 0), "{forgery}");
    };
    let signed_in = || story.people.signed_in(session, LIFETIMES, at(1));
    assert!(signed_in().is_ok_and(|person| person.is_some()));
    forge("UPDATE sessions SET person_id = 'GRACE'");
    assert!(signed_in().is_err_and(|error| error.to_string().contains("a session, in the file")));
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
