//! Whether a request would have been allowed, and by which events.

use keyledger_audit::past::{Explanation, Question};
use keyledger_domain::{
    Catalogue, KeyName, Moment, PartnerId, Scope, Throttle, Timestamp,
    envelope::Stream,
    event::{
        Body, KeyCreated, KeyEvent, KeyExpirationChanged, KeyOverlapEnded, KeyRegenerated, KeyRenamed,
        KeyRevoked, KeyScopesChanged, ScopeCatalogueChanged, SupersededSecret,
    },
    verdict::Code,
};

use crate::{
    compared::runtime,
    story::{Story, key_id, prefix, scopes},
};

fn at(seconds: u32) -> Timestamp {
    Timestamp::from_millis(1_000_000).plus_seconds(seconds)
}

/// A catalogue, a key and all that can happen to it, an event every ten seconds; position N happens at 10 (N − 1).
async fn life() -> Story {
    let mut story = Story::of(&[]).await;
    let catalogue = Body::Catalogue(ScopeCatalogueChanged { catalogue: Catalogue::builtin() });
    story.record(Stream::Catalogue, 0, at(0), catalogue).await;
    let partner_id = PartnerId::parse("acme").expect("a partner");
    let regenerated = |revision, old: u64, until| {
        let superseded = SupersededSecret { prefix: prefix(1, old), valid_until: at(until) };
        let (partner_id, prefix) = (partner_id.clone(), prefix(1, revision));
        KeyEvent::Regenerated(KeyRegenerated { partner_id, prefix, superseded_secrets: vec![superseded] })
    };
    let events = [
        KeyEvent::Created(KeyCreated {
            partner_id: partner_id.clone(),
            name: KeyName::parse("a key").expect("a name"),
            prefix: prefix(1, 0),
            scopes: scopes(&["client:read"]),
            throttle: Throttle::DEFAULT,
            expires_at: None,
        }),
        KeyEvent::Renamed(KeyRenamed {
            partner_id: partner_id.clone(),
            name: KeyName::parse("another name").expect("a name"),
        }),
        KeyEvent::ScopesChanged(KeyScopesChanged {
            partner_id: partner_id.clone(),
            scopes: scopes(&["client:read", "site:read"]),
        }),
        regenerated(3, 0, 45),
        regenerated(4, 3, 100),
        KeyEvent::OverlapEnded(KeyOverlapEnded { partner_id: partner_id.clone() }),
        KeyEvent::ExpirationChanged(KeyExpirationChanged {
            partner_id: partner_id.clone(),
            expires_at: Some(at(75)),
        }),
        KeyEvent::Revoked(KeyRevoked { partner_id, reason: None }),
    ];
    for (revision, event) in (0..).zip(events) {
        let seconds = u32::try_from(10 * (revision + 1)).expect("small");
        story.record(Stream::Key(key_id(1)), revision, at(seconds), Body::Key(event)).await;
    }
    story
}

async fn explained(story: &Story, ask: impl FnOnce(&mut Question)) -> Explanation {
    let scopes = vec![Scope::parse("client:read").expect("a scope")];
    let moment = Moment::Position(story.drafts.len() as u64);
    let mut question = Question { key_id: key_id(1), prefix: None, scopes, partner: None, moment };
    ask(&mut question);
    story.past(None).explain(&question).await.expect("an explanation")
}

fn told(explanation: &Explanation) -> (Code, Vec<u64>) {
    (explanation.code, explanation.because.iter().map(|reason| reason.position).collect())
}

#[test]
fn each_verdict_names_the_events_that_decide_it_and_no_others() {
    runtime().block_on(async {
        let story = life().await;
        let when = |moment, secret: Option<u64>| {
            let story = &story;
            async move {
                let ask = |question: &mut Question| {
                    question.moment = moment;
                    question.prefix = secret.map(|secret| prefix(1, secret));
                };
                told(&explained(story, ask).await)
            }
        };
        let position = |position| Moment::Position(position);
        let time = |seconds| Moment::Time(at(seconds));
        assert_eq!(when(position(1), None).await, (Code::Unknown, vec![]));
        assert_eq!(when(position(2), None).await, (Code::Valid, vec![1, 2]));
        // A name decides nothing.
        assert_eq!(when(position(3), None).await, (Code::Valid, vec![1, 2]));
        assert_eq!(when(position(4), None).await, (Code::Valid, vec![1, 2, 4]));
        assert_eq!(when(position(5), None).await, (Code::Valid, vec![1, 2, 4, 5]));
        // The first secret: overlapping, over by the clock, ended by a later regenerate.
        assert_eq!(when(time(44), Some(0)).await, (Code::Valid, vec![1, 2, 4, 5]));
        assert_eq!(when(time(45), Some(0)).await, (Code::Superseded, vec![5]));
        assert_eq!(when(time(50), Some(0)).await, (Code::Superseded, vec![6]));
        assert_eq!(when(position(7), Some(3)).await, (Code::Superseded, vec![7]));
        assert_eq!(when(time(74), None).await, (Code::Valid, vec![1, 2, 4, 6, 8]));
        assert_eq!(when(time(75), None).await, (Code::Expired, vec![8]));
        assert_eq!(when(time(80), None).await, (Code::Revoked, vec![9]));
        // The first rule that holds: revoked goes before superseded.
        assert_eq!(when(time(80), Some(0)).await, (Code::Revoked, vec![9]));
        // A secret that came later, and one that never was.
        assert_eq!(when(position(4), Some(3)).await, (Code::Unknown, vec![2]));
        assert_eq!(when(position(9), Some(77)).await, (Code::Unknown, vec![2, 5, 6]));
    });
}

#[test]
fn rights_come_from_the_scopes_of_the_key_and_from_what_the_catalogue_made_of_them() {
    runtime().block_on(async {
        let mut story = life().await;
        let moment = Moment::Position(6);
        let scope = |name: &str| vec![Scope::parse(name).expect("a scope")];
        let lacks = explained(&story, |question| {
            (question.moment, question.scopes) = (moment, scope("client:write"));
        });
        assert_eq!(told(&lacks.await), (Code::InsufficientScope, vec![1, 4]));
        let child = explained(&story, |question| {
            (question.moment, question.scopes) = (moment, scope("clientEmail:read"));
        });
        assert_eq!(told(&child.await).0, Code::Valid);
        let nothing = explained(&story, |question| (question.moment, question.scopes) = (moment, Vec::new()));
        assert_eq!(told(&nothing.await), (Code::Valid, vec![2, 6]));
        let foreign = explained(&story, |question| {
            question.moment = moment;
            question.partner = PartnerId::parse("other").ok();
        });
        assert_eq!(told(&foreign.await), (Code::WrongPartner, vec![2]));
        // The catalogue loses a scope, and what it meant before stays explained as it was.
        let mut resources = Catalogue::builtin().resources().to_vec();
        resources.retain(|resource| !resource.name.starts_with("client"));
        let catalogue = Catalogue::new(resources).expect("a catalogue");
        let catalogue = Body::Catalogue(ScopeCatalogueChanged { catalogue });
        story.record(Stream::Catalogue, 1, at(74), catalogue).await;
        let lost = explained(&story, |question| question.moment = Moment::Time(at(74)));
        assert_eq!(told(&lost.await), (Code::InsufficientScope, vec![4, 10]));
        let before = explained(&story, |question| question.moment = Moment::Time(at(73)));
        assert_eq!(told(&before.await).0, Code::Valid);
    });
}

#[test]
fn a_key_that_was_created_later_is_said_to_be_so() {
    runtime().block_on(async {
        let story = life().await;
        let before = explained(&story, |question| question.moment = Moment::Time(at(9))).await;
        assert_eq!((before.code, before.created_later), (Code::Unknown, Some(2)));
        let never = explained(&story, |question| question.key_id = key_id(5)).await;
        assert_eq!((never.code, never.created_later), (Code::Unknown, None));
        for reason in explained(&story, |_| {}).await.because {
            assert!(!reason.says.is_empty() && reason.by.id.starts_with("operator"), "{reason:?}");
        }
    });
}

#[test]
fn what_this_release_cannot_read_denies_and_is_named() {
    runtime().block_on(async {
        let mut story = life().await;
        let renamed = || {
            let partner_id = PartnerId::parse("acme").expect("a partner");
            let name = KeyName::parse("unread").expect("a name");
            Body::Key(KeyEvent::Renamed(KeyRenamed { partner_id, name }))
        };
        let created = story.drafts[1].body.clone();
        story.record(Stream::Key(key_id(2)), 0, at(90), created.clone()).await;
        story.record_unreadable(Stream::Key(key_id(2)), 1, at(91), renamed()).await;
        story.record_unreadable(Stream::Key(key_id(3)), 0, at(92), created).await;
        story.record(Stream::Key(key_id(3)), 1, at(93), renamed()).await;
        let marked = explained(&story, |question| question.key_id = key_id(2)).await;
        assert_eq!(told(&marked), (Code::Revoked, vec![11]));
        let stillborn = explained(&story, |question| question.key_id = key_id(3)).await;
        assert_eq!(told(&stillborn), (Code::Unknown, vec![12]));
        let directory = tempfile::tempdir().expect("a directory");
        let end = Moment::Position(13);
        let [indexed, whole] = [Some(directory.path()), None].map(|index| story.past(index));
        let state = indexed.state(end, &mut ()).await.expect("a state");
        assert_eq!(state.digest(), whole.state(end, &mut ()).await.expect("a state").digest());
        assert!(state.find(key_id(2)).expect("a row").is_some_and(|key| key.unreadable));
        assert_eq!(state.find(key_id(3)), Ok(None));
    });
}
