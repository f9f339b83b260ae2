use std::collections::BTreeMap;

use keyledger_domain::{
    Actor, KeyId, Moment, PartnerId, Prefix, Scope, Timestamp,
    envelope::Stream,
    event::{Body, KeyEvent},
    key::Key,
    verdict::{Code, Standing, judge_secret},
};
use serde::Serialize;

use super::{CatalogueThen, Past, PastError, fold};
use crate::Witnessed;

/// Whether a request would have been allowed.
#[derive(Clone, Debug)]
pub struct Question {
    /// With this key.
    pub key_id: KeyId,
    /// With this one of its secrets; none: the newest it had then.
    pub prefix: Option<Prefix>,
    /// For what needs all of these scopes.
    pub scopes: Vec<Scope>,
    /// About this partner's data; none: whoever's the key is.
    pub partner: Option<PartnerId>,
    /// When.
    pub moment: Moment,
}

/// The answer, and what it rests on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explanation {
    /// The verdict of a validator that had read everything by then. Whether the key's bucket was empty no event says, so it
    /// is never [`Code::Throttled`]: what is valid here may have been throttled.
    pub code: Code,
    /// The events that decide it, in their order.
    pub because: Vec<Reason>,
    /// The time at which was judged what only a clock decides.
    pub time: Timestamp,
    /// Where the key was created later, the position of its creation.
    pub created_later: Option<u64>,
}

/// An event that decides a verdict.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Reason {
    /// Where it stands.
    pub position: u64,
    /// When it happened.
    pub at: Timestamp,
    /// By whom.
    pub by: Actor,
    /// What of it matters, in a few words that go on from "because".
    pub says: String,
}

impl Past {
    /// Whether a request would have been allowed at a moment, and by which events. The rules are tried in the order in which
    /// a validator tries them.
    ///
    /// # Errors
    /// [`PastError`]
    pub async fn explain(&self, question: &Question) -> Result<Explanation, PastError> {
        let moment = question.moment;
        let time = self.time(moment).await?;
        let events = fold::whole_stream(&self.history, Stream::Key(question.key_id)).await?;
        let (by_then, later) = events.split_at(fold::happened(&events, moment));
        let catalogue = fold::stream(&self.history, Stream::Catalogue, moment).await?;
        let (code, mut because) = Story::of(question.key_id, by_then).judge(question, &catalogue, time);
        because.sort_by_key(|reason| reason.position);
        because.dedup_by_key(|reason| reason.position);
        let created_later = later.first().filter(|_| by_then.is_empty()).map(|event| event.position.get());
        Ok(Explanation { code, because, time, created_later })
    }
}

/// A key, and which of its events made it what it is.
#[derive(Default)]
struct Story<'a> {
    key: Option<Key>,
    created: Option<&'a Witnessed>,
    scopes: Option<&'a Witnessed>,
    expiry: Option<&'a Witnessed>,
    revoked: Option<&'a Witnessed>,
    unreadable: Option<&'a Witnessed>,
    /// By its prefix, the event that gave each secret, and the one that ended it or said until when it works.
    secrets: BTreeMap<Prefix, (&'a Witnessed, Option<&'a Witnessed>)>,
}

impl<'a> Story<'a> {
    fn of(key_id: KeyId, events: &'a [Witnessed]) -> Self {
        let mut story = Self::default();
        for event in events {
            let before = story.key.take();
            let overlapping: Vec<_> =
                before.iter().flat_map(|key| &key.superseded_secrets).copied().collect();
            let newest = before.as_ref().map(|key| key.prefix);
            story.key = fold::key(key_id, before, [event]);
            let Some(key) = &story.key else {
                story.unreadable = story.unreadable.or(Some(event));
                continue;
            };
            match &event.event.body {
                Body::Key(KeyEvent::Created(created)) if !key.unreadable => {
                    (story.created, story.scopes, story.expiry) = (Some(event), Some(event), Some(event));
                    story.secrets.insert(created.prefix, (event, None));
                }
                Body::Key(KeyEvent::Regenerated(renewed)) => {
                    let ended = overlapping.iter().map(|secret| secret.prefix).chain(newest);
                    story.end(ended, event);
                    story.secrets.insert(renewed.prefix, (event, None));
                }
                Body::Key(KeyEvent::OverlapEnded(_)) => {
                    story.end(overlapping.iter().map(|secret| secret.prefix), event);
                }
                Body::Key(KeyEvent::Revoked(_)) => story.revoked = story.revoked.or(Some(event)),
                Body::Key(KeyEvent::ScopesChanged(_)) => story.scopes = Some(event),
                Body::Key(KeyEvent::ExpirationChanged(_)) => story.expiry = Some(event),
                Body::Key(KeyEvent::ThrottleChanged(_) | KeyEvent::Renamed(_)) => {}
                Body::Key(KeyEvent::Created(_)) | Body::Catalogue(_) | Body::Unreadable(_) => {
                    story.unreadable = story.unreadable.or(Some(event));
                }
            }
        }
        story
    }

    /// These secrets ended with an event, or got their end from it.
    fn end(&mut self, prefixes: impl Iterator<Item = Prefix>, event: &'a Witnessed) {
        for prefix in prefixes {
            if let Some((_, ended)) = self.secrets.get_mut(&prefix) {
                *ended = Some(event);
            }
        }
    }

    fn judge(&self, question: &Question, catalogue: &[Witnessed], time: Timestamp) -> (Code, Vec<Reason>) {
        let Some(key) = &self.key else {
            let says = || "this release cannot read how the key came to be".to_owned();
            return (Code::Unknown, reasons(self.unreadable, says));
        };
        let prefix = question.prefix.unwrap_or(key.prefix);
        let Some((given, ended)) = self.secrets.get(&prefix) else {
            let others = self.secrets.iter().map(|(other, (given, _))| {
                reason(given, format!("it gave the key the secret {other}, not {prefix}"))
            });
            return (Code::Unknown, others.collect());
        };
        let standing = key.standing(prefix);
        if let Err(code) =
            judge_secret(key.revoked.is_some() || key.unreadable, standing, key.expires_at, time)
        {
            return (code, self.refused(code, key, prefix, *ended));
        }
        let created = reasons(self.created, || format!("it created the key, for {}", key.partner_id));
        if question.partner.as_ref().is_some_and(|partner| *partner != key.partner_id) {
            return (Code::WrongPartner, created);
        }
        let (granted, scopes) = self.rights(key, &question.scopes, catalogue);
        if !granted {
            return (Code::InsufficientScope, scopes);
        }
        let mut because = [created, scopes].concat();
        because.push(reason(given, format!("it gave the key the secret {prefix}")));
        if let Standing::Overlapping(until) = standing {
            because.extend(reasons(*ended, || format!("it lets the old secret {prefix} work until {until}")));
        }
        if let Some(expiry) = key.expires_at {
            because.extend(reasons(self.expiry, || format!("it lets the key work until {expiry}")));
        }
        (Code::Valid, because)
    }

    /// Why a secret of the key did not work.
    fn refused(&self, code: Code, key: &Key, prefix: Prefix, ended: Option<&Witnessed>) -> Vec<Reason> {
        match code {
            Code::Superseded => reasons(ended, || match key.standing(prefix) {
                Standing::Overlapping(until) => {
                    format!("it let the old secret {prefix} work until {until}, which was over")
                }
                Standing::Current | Standing::Ended => format!("it ended the old secret {prefix}"),
            }),
            Code::Expired => reasons(self.expiry, || {
                let expiry = key.expires_at.map(|expiry| expiry.to_string()).unwrap_or_default();
                format!("it let the key work until {expiry}, which was over")
            }),
            _ if self.revoked.is_some() => reasons(self.revoked, || "it revoked the key".to_owned()),
            _ => reasons(self.unreadable, || {
                "this release cannot read it, so the key denies everything".to_owned()
            }),
        }
    }

    /// Whether the key may do all of this, and by which events it may or may not.
    fn rights(&self, key: &Key, required: &[Scope], catalogue: &[Witnessed]) -> (bool, Vec<Reason>) {
        if key.partner_id.is_registry() {
            let says =
                || "it created a key of the registry itself, and those are good for nothing else".to_owned();
            return (false, reasons(self.created, says));
        }
        if required.is_empty() {
            return (true, Vec::new());
        }
        let CatalogueThen { catalogue: scopes_then, .. } = fold::catalogue(catalogue);
        let covers = |scope: &Scope| scopes_then.as_ref().is_some_and(|then| then.covers(&key.scopes, scope));
        let missing: Vec<_> =
            required.iter().filter(|scope| !covers(scope)).map(ToString::to_string).collect();
        let (holds, means) = if missing.is_empty() {
            (format!("it let the key do {}", key.scopes), "it says what these scopes cover".to_owned())
        } else {
            let missing = missing.join(" and ");
            (
                format!("it let the key do {}, and not {missing}", key.scopes),
                format!("it says what these scopes cover, and not {missing}"),
            )
        };
        let mut because = reasons(self.scopes, || holds);
        because.extend(reasons(catalogue.last(), || means));
        (missing.is_empty(), because)
    }
}

fn reasons(event: Option<&Witnessed>, says: impl FnOnce() -> String) -> Vec<Reason> {
    event.map(|event| reason(event, says())).into_iter().collect()
}

fn reason(event: &Witnessed, says: String) -> Reason {
    let Witnessed { position, event, .. } = event;
    Reason { position: position.get(), at: event.occurred_at, by: event.actor.clone(), says }
}
