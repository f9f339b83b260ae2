//! Given what happened, when somebody wants something, then this happens: the rules of a key, read as sentences.
#![cfg(test)]

use uuid::Uuid;

use super::{
    Command, CreateKey, EditKey, EndOverlap, Happened, Key, Overlap, RegenerateKey, Rejection, Replace,
};
use super::{RevokeKey, Situation, Status, decide, evolve};
use crate::{
    Actor, Authority, Catalogue, KeyId, KeyName, PartnerId, Prefix, Reason, Scope, Scopes, Throttle,
    Timestamp,
    actor::ActorKind,
    event::{KeyEvent, SupersededSecret},
};

const HOUR: u32 = 3_600;
const DAY: u32 = 86_400;

fn at(seconds: u32) -> Timestamp {
    Timestamp::from_millis(1_800_000_000_000).plus_seconds(seconds)
}

fn prefix(text: &str) -> Prefix {
    Prefix::parse(text.as_bytes()).expect("a prefix")
}

fn scopes(names: &[&str]) -> Scopes {
    Scopes::new(names.iter().map(|name| Scope::parse(name).expect("a scope"))).expect("scopes")
}

fn acme() -> PartnerId {
    PartnerId::parse("acme").expect("a partner")
}

fn create() -> CreateKey {
    CreateKey {
        partner_id: acme(),
        name: KeyName::parse("Billing").expect("a name"),
        prefix: prefix("First001"),
        scopes: scopes(&["client:read"]),
        throttle: Throttle::DEFAULT,
        expires_at: None,
    }
}

fn regenerate(next: &str, overlap: u32, replace: Option<Replace>) -> Command {
    let overlap = Overlap::seconds(overlap).expect("an overlap");
    Command::Regenerate(RegenerateKey { prefix: prefix(next), overlap, replace })
}

fn revoke() -> Command {
    Command::Revoke(RevokeKey { reason: Some(Reason::parse("leaked").expect("a reason")) })
}

fn rename(name: &str) -> Command {
    Command::Edit(EditKey { name: Some(KeyName::parse(name).expect("a name")), ..EditKey::default() })
}

fn rescope(names: &[&str]) -> Command {
    Command::Edit(EditKey { scopes: Some(scopes(names)), ..EditKey::default() })
}

fn expire(expires_at: Option<Timestamp>) -> Command {
    Command::Edit(EditKey { expires_at: Some(expires_at), ..EditKey::default() })
}

/// A key and what was asked of it so far.
struct Story {
    key: Option<Key>,
    revision: u64,
    authority: Authority,
    catalogue: Catalogue,
}

impl Story {
    fn of_nothing() -> Self {
        Self { key: None, revision: 0, authority: Authority::operator(), catalogue: Catalogue::builtin() }
    }

    fn of_a_key() -> Self {
        Self::of_nothing().given(0, Command::Create(create()))
    }

    fn by(mut self, names: &[&str]) -> Self {
        self.authority = Authority::of(acme(), &scopes(names));
        self
    }

    fn decide(&self, seconds: u32, command: Command) -> Result<Vec<KeyEvent>, Rejection> {
        let situation =
            Situation { now: at(seconds), catalogue: &self.catalogue, authority: &self.authority };
        decide(self.key.as_ref(), command, situation)
    }

    fn given(mut self, seconds: u32, command: Command) -> Self {
        for event in self.decide(seconds, command).expect("what is given is allowed") {
            self.key = evolve(self.key, Some(&event), happened(self.revision, seconds));
            self.revision += 1;
        }
        self
    }

    fn given_an_unreadable_event(mut self) -> Self {
        self.key = evolve(self.key, None, happened(self.revision, 0));
        self.revision += 1;
        self
    }

    fn key(&self) -> &Key {
        self.key.as_ref().expect("a key")
    }

    fn then_rejects(&self, seconds: u32, command: Command, rejection: Rejection) {
        assert_eq!(self.decide(seconds, command), Err(rejection));
    }

    fn then_nothing_happens(&self, seconds: u32, command: Command) {
        assert_eq!(self.decide(seconds, command), Ok(vec![]));
    }
}

fn happened(revision: u64, seconds: u32) -> Happened<'static> {
    static BY: std::sync::LazyLock<Actor> =
        std::sync::LazyLock::new(|| Actor { kind: ActorKind::Key, id: "operator".to_owned() });
    Happened { key_id: KeyId(Uuid::from_u128(1)), revision, position: revision + 1, at: at(seconds), by: &BY }
}

#[test]
fn a_created_key_is_what_was_asked_for() {
    let story = Story::of_a_key();
    let key = story.key();
    assert_eq!((key.generation, key.prefix, key.status(at(0))), (1, prefix("First001"), Status::Active));
    assert_eq!((key.created_at, key.revision, key.position), (at(0), 0, 1));
    assert_eq!(key.created_by.to_string(), "key:operator");
    story.then_rejects(1, Command::Create(create()), Rejection::AlreadyCreated);
}

#[test]
fn nothing_can_happen_to_a_key_that_is_not_there() {
    for command in [regenerate("Second02", 0, None), Command::EndOverlap(EndOverlap), rename("x"), revoke()] {
        Story::of_nothing().then_rejects(0, command, Rejection::NoSuchKey);
    }
}

#[test]
fn a_key_is_not_created_with_scopes_that_do_not_exist() {
    let command = Command::Create(CreateKey { scopes: scopes(&["client:read", "ghost:read"]), ..create() });
    let unknown = vec![Scope::parse("ghost:read").expect("a scope")];
    Story::of_nothing().then_rejects(0, command, Rejection::UnknownScopes(unknown));
}

#[test]
fn a_key_is_not_created_with_an_expiry_that_is_over() {
    let command = |expires_at| Command::Create(CreateKey { expires_at: Some(expires_at), ..create() });
    Story::of_nothing().then_rejects(10, command(at(10)), Rejection::ExpiryNotInFuture);
    assert!(Story::of_nothing().decide(10, command(at(11))).is_ok());
}

#[test]
fn operator_scopes_are_for_the_reserved_partner_and_api_scopes_are_not() {
    let of = |partner: &str, names: &[&str]| {
        let partner_id = PartnerId::parse(partner).expect("a partner");
        Command::Create(CreateKey { partner_id, scopes: scopes(names), ..create() })
    };
    let foreign = |name: &str| Rejection::ScopesNotForPartner(vec![Scope::parse(name).expect("a scope")]);
    let story = Story::of_nothing();
    story.then_rejects(0, of("acme", &["registry:operate"]), foreign("registry:operate"));
    story.then_rejects(0, of("acme", &["registryEvents:read"]), foreign("registryEvents:read"));
    story.then_rejects(0, of("registry", &["client:read", "registry:operate"]), foreign("client:read"));
    assert!(story.decide(0, of("registry", &["registry:operate", "registryKeys:read"])).is_ok());
    assert!(story.decide(0, of("acme", &["client:read", "registryKeys:write"])).is_ok());
}

#[test]
fn who_may_change_keys_may_not_grant_an_operators_rights() {
    let story = Story::of_nothing();
    let of_the_registry = |names: &[&str]| {
        Command::Create(CreateKey { partner_id: PartnerId::registry(), scopes: scopes(names), ..create() })
    };
    let story =
        Story { authority: Authority::of(PartnerId::registry(), &scopes(&["registryKeys:write"])), ..story };
    story.then_rejects(0, of_the_registry(&["registry:operate"]), Rejection::MayNotGrant);
    story.then_rejects(0, of_the_registry(&["registryEvents:read"]), Rejection::MayNotGrant);
    assert!(story.decide(0, of_the_registry(&["registryKeys:write"])).is_ok());
}

#[test]
fn a_stronger_key_is_neither_regenerated_nor_edited_by_a_weaker_hand() {
    let operators =
        CreateKey { partner_id: PartnerId::registry(), scopes: scopes(&["registry:operate"]), ..create() };
    let mut story = Story::of_nothing().given(0, Command::Create(operators));
    story.authority = Authority::of(PartnerId::registry(), &scopes(&["registryKeys:write"]));
    story.then_rejects(1, regenerate("Second02", 0, None), Rejection::MayNotGrant);
    story.then_rejects(1, rename("mine now"), Rejection::MayNotGrant);
    story.then_rejects(1, rescope(&["registryKeys:read"]), Rejection::MayNotGrant);
}

#[test]
fn a_partners_admin_rotates_a_key_whose_scope_the_catalogue_has_lost() {
    let mut story = Story::of_a_key().by(&["registryKeys:write"]);
    let rest =
        Catalogue::builtin().resources().iter().filter(|resource| resource.name == "user").cloned().collect();
    story.catalogue = Catalogue::new(rest).expect("a catalogue");
    assert!(story.decide(1, regenerate("Second02", 0, None)).is_ok());
    assert!(story.decide(1, rescope(&["client:read", "user:read"])).is_ok(), "what it holds may stay");
    let gone = vec![Scope::parse("client:write").expect("a scope")];
    story.then_rejects(1, rescope(&["client:read", "client:write"]), Rejection::UnknownScopes(gone));
}

#[test]
fn regenerating_keeps_the_old_secret_for_the_overlap() {
    let story = Story::of_a_key().given(10, regenerate("Second02", DAY, None));
    let key = story.key();
    assert_eq!((key.generation, key.prefix, key.regenerated_at), (2, prefix("Second02"), Some(at(10))));
    let old = SupersededSecret { prefix: prefix("First001"), valid_until: at(10 + DAY) };
    assert_eq!(key.superseded_secrets, [old]);
    assert_eq!(key.overlapping(at(9 + DAY)).count(), 1);
    assert_eq!(key.overlapping(at(10 + DAY)).count(), 0);
}

#[test]
fn regenerating_without_overlap_ends_the_old_secret_in_the_event_itself() {
    let story = Story::of_a_key().given(10, regenerate("Second02", 0, None));
    assert_eq!(story.key().superseded_secrets, []);
}

#[test]
fn an_overlap_never_outlives_the_key() {
    let story = Story::of_nothing()
        .given(0, Command::Create(CreateKey { expires_at: Some(at(HOUR)), ..create() }))
        .given(10, regenerate("Second02", DAY, None));
    assert_eq!(story.key().superseded_secrets[0].valid_until, at(HOUR));
}

#[test]
fn while_an_overlap_runs_a_third_secret_needs_a_choice() {
    let story = Story::of_a_key().given(10, regenerate("Second02", DAY, None));
    story.then_rejects(20, regenerate("Third003", HOUR, None), Rejection::OverlapRunning);
    assert!(story.decide(10 + DAY, regenerate("Third003", HOUR, None)).is_ok(), "the overlap is over");
}

#[test]
fn replacing_the_oldest_gives_up_the_superseded_secret() {
    let story = Story::of_a_key()
        .given(10, regenerate("Second02", DAY, None))
        .given(20, regenerate("Third003", HOUR, Some(Replace::Oldest)));
    let old = SupersededSecret { prefix: prefix("Second02"), valid_until: at(20 + HOUR) };
    assert_eq!((story.key().prefix, &story.key().superseded_secrets[..]), (prefix("Third003"), &[old][..]));
}

#[test]
fn replacing_the_newest_gives_up_the_secret_nobody_deployed() {
    let story = Story::of_a_key()
        .given(10, regenerate("Second02", DAY, None))
        .given(20, regenerate("Third003", DAY, Some(Replace::Newest)));
    let deployed = SupersededSecret { prefix: prefix("First001"), valid_until: at(10 + DAY) };
    assert_eq!(
        (story.key().prefix, &story.key().superseded_secrets[..]),
        (prefix("Third003"), &[deployed][..])
    );
}

#[test]
fn replacing_the_newest_of_one_secret_ends_it() {
    let story = Story::of_a_key().given(10, regenerate("Second02", DAY, Some(Replace::Newest)));
    assert_eq!(story.key().superseded_secrets, []);
}

#[test]
fn ending_an_overlap_ends_every_superseded_secret_once() {
    let story = Story::of_a_key().given(10, regenerate("Second02", DAY, None));
    story.then_nothing_happens(10 + DAY, Command::EndOverlap(EndOverlap));
    let story = story.given(20, Command::EndOverlap(EndOverlap));
    assert_eq!(story.key().superseded_secrets, []);
    story.then_nothing_happens(30, Command::EndOverlap(EndOverlap));
}

#[test]
fn an_edit_records_one_event_for_each_field_that_changes() {
    let story = Story::of_a_key();
    let edit = EditKey {
        name: Some(KeyName::parse("Reports").expect("a name")),
        scopes: Some(scopes(&["user:read"])),
        throttle: Some(Throttle::new(5, 5).expect("a throttle")),
        expires_at: Some(Some(at(DAY))),
    };
    let events = story.decide(10, Command::Edit(edit.clone())).expect("an edit");
    assert_eq!(events.len(), 4);
    let story = story.given(10, Command::Edit(edit.clone()));
    let key = story.key();
    assert_eq!((key.name.as_str(), key.scopes.to_string().as_str()), ("Reports", "user:read"));
    assert_eq!((key.throttle.burst(), key.expires_at, key.revision), (5, Some(at(DAY)), 4));
    story.then_nothing_happens(20, Command::Edit(edit));
    assert_eq!(story.given(20, expire(None)).key().expires_at, None);
}

#[test]
fn an_edit_is_refused_as_a_whole() {
    let edit = EditKey { scopes: Some(scopes(&["ghost:read"])), ..EditKey::default() };
    let edit = EditKey { name: Some(KeyName::parse("Reports").expect("a name")), ..edit };
    assert!(Story::of_a_key().decide(1, Command::Edit(edit)).is_err());
    Story::of_a_key().then_rejects(10, expire(Some(at(10))), Rejection::ExpiryNotInFuture);
}

#[test]
fn an_expired_key_can_only_be_renamed_or_revoked() {
    let story =
        Story::of_nothing().given(0, Command::Create(CreateKey { expires_at: Some(at(HOUR)), ..create() }));
    assert_eq!(story.key().status(at(HOUR - 1)), Status::Active);
    assert_eq!(story.key().status(at(HOUR)), Status::Expired);
    let end = Command::EndOverlap(EndOverlap);
    for command in [regenerate("Second02", 0, None), end, rescope(&["user:read"]), expire(None)] {
        story.then_rejects(HOUR, command, Rejection::KeyExpired);
    }
    assert_eq!(story.decide(HOUR, rename("old")).map(|events| events.len()), Ok(1));
    assert_eq!(story.decide(HOUR, revoke()).map(|events| events.len()), Ok(1));
}

#[test]
fn a_revoked_key_stays_revoked() {
    let story = Story::of_a_key().given(10, regenerate("Second02", DAY, None)).given(20, revoke());
    let key = story.key();
    assert_eq!((key.status(at(20)), &key.superseded_secrets[..]), (Status::Revoked, &[][..]));
    assert_eq!(key.revoked.as_ref().map(|revoked| revoked.at), Some(at(20)));
    story.then_nothing_happens(30, revoke());
    let end = Command::EndOverlap(EndOverlap);
    for command in [regenerate("Third003", 0, None), end, rename("x"), expire(None)] {
        story.then_rejects(30, command, Rejection::KeyRevoked);
    }
}

#[test]
fn a_key_with_an_event_from_the_future_can_only_be_revoked() {
    let story = Story::of_a_key().given_an_unreadable_event();
    assert!(story.key().unreadable);
    story.then_rejects(10, rename("x"), Rejection::KeyUnreadable);
    story.then_rejects(10, regenerate("Second02", 0, None), Rejection::KeyUnreadable);
    assert_eq!(story.given(10, revoke()).key().status(at(10)), Status::Revoked);
}

#[test]
fn a_key_whose_creation_cannot_be_read_is_not_there() {
    assert_eq!(Story::of_nothing().given_an_unreadable_event().key, None);
}
