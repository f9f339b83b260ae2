//! A key in few bytes, without what it shares with no other: millions of them are read in a second, and the same key is
//! always the same bytes.

use std::borrow::Cow;

use keyledger_domain::{
    Actor, KeyId, KeyName, PartnerId, Prefix, Reason, Scope, Scopes, Throttle, Timestamp,
    actor::ActorKind,
    event::SupersededSecret,
    key::{Key, Revoked, Status},
};
use serde::{Deserialize, Serialize};

/// All that the events of a key say about it, but for its id. The order of the fields is a format: see
/// `FORMAT` in `index/files.rs`.
#[derive(Serialize, Deserialize)]
pub(super) struct Row<'a> {
    /// First, so that it can be read without the rest.
    changed_at: i64,
    position: u64,
    revision: u64,
    generation: u32,
    prefix: [u8; 8],
    created_at: i64,
    #[serde(borrow)]
    created_by: Who<'a>,
    partner: &'a str,
    name: &'a str,
    /// With a space between two.
    #[serde(borrow)]
    scopes: Cow<'a, str>,
    throttle: (u32, u32),
    expires_at: Option<i64>,
    regenerated_at: Option<i64>,
    superseded: Vec<([u8; 8], i64)>,
    #[serde(borrow)]
    revoked: Option<End<'a>>,
    unreadable: bool,
}

#[derive(Serialize, Deserialize)]
struct Who<'a> {
    kind: u8,
    id: &'a str,
}

#[derive(Serialize, Deserialize)]
struct End<'a> {
    at: i64,
    #[serde(borrow)]
    by: Who<'a>,
    reason: Option<&'a str>,
}

/// Adds the row of a key to `bytes`.
pub(super) fn write(key: &Key, bytes: Vec<u8>) -> Vec<u8> {
    let secret = |secret: &SupersededSecret| (secret.prefix.to_bytes(), secret.valid_until.millis());
    let row = Row {
        changed_at: key.changed_at.millis(),
        position: key.position,
        revision: key.revision,
        generation: key.generation,
        prefix: key.prefix.to_bytes(),
        created_at: key.created_at.millis(),
        created_by: Who::of(&key.created_by),
        partner: key.partner_id.as_str(),
        name: key.name.as_str(),
        scopes: key.scopes.to_string().into(),
        throttle: (key.throttle.rate_per_second(), key.throttle.burst()),
        expires_at: key.expires_at.map(Timestamp::millis),
        regenerated_at: key.regenerated_at.map(Timestamp::millis),
        superseded: key.superseded_secrets.iter().map(secret).collect(),
        revoked: key.revoked.as_ref().map(|revoked| End {
            at: revoked.at.millis(),
            by: Who::of(&revoked.by),
            reason: revoked.reason.as_ref().map(Reason::as_str),
        }),
        unreadable: key.unreadable,
    };
    postcard::to_extend(&row, bytes).expect("a row is made of numbers, texts and lists")
}

/// When the last event happened of the key whose row this is; none where it is no row.
pub(super) fn changed_at(row: &[u8]) -> Option<Timestamp> {
    postcard::take_from_bytes(row).ok().map(|(millis, _)| Timestamp::from_millis(millis))
}

impl<'a> Row<'a> {
    /// Reads a row; none where the bytes are none.
    pub(super) fn read(bytes: &'a [u8]) -> Option<Self> {
        match postcard::take_from_bytes(bytes) {
            Ok((row, [])) => Some(row),
            _ => None,
        }
    }

    /// Whose key it is.
    pub(super) fn partner(&self) -> &'a str {
        self.partner
    }

    /// The position of its last event.
    pub(super) fn position(&self) -> u64 {
        self.position
    }

    /// When it ends, if nothing else ends it before.
    pub(super) fn expires_at(&self) -> Option<Timestamp> {
        self.expires_at.map(Timestamp::from_millis)
    }

    /// As [`Key::status`].
    pub(super) fn status(&self, now: Timestamp) -> Status {
        if self.revoked.is_some() {
            Status::Revoked
        } else if self.expires_at().is_some_and(|expiry| now >= expiry) {
            Status::Expired
        } else {
            Status::Active
        }
    }

    /// The key; none where a text is none that a key can have.
    pub(super) fn key(&self, key_id: KeyId) -> Option<Key> {
        let scopes = self.scopes.split(' ').map(Scope::parse).collect::<Result<Vec<_>, _>>().ok()?;
        let superseded = |(prefix, until): &([u8; 8], i64)| {
            let valid_until = Timestamp::from_millis(*until);
            Some(SupersededSecret { prefix: Prefix::parse(prefix).ok()?, valid_until })
        };
        let revoked = match &self.revoked {
            None => None,
            Some(end) => Some(Revoked {
                at: Timestamp::from_millis(end.at),
                by: end.by.actor()?,
                reason: end.reason.map(Reason::parse).transpose().ok()?,
            }),
        };
        Some(Key {
            key_id,
            partner_id: PartnerId::parse(self.partner).ok()?,
            name: KeyName::parse(self.name).ok()?,
            prefix: Prefix::parse(&self.prefix).ok()?,
            generation: self.generation,
            scopes: Scopes::new(scopes).ok()?,
            throttle: Throttle::new(self.throttle.0, self.throttle.1).ok()?,
            created_at: Timestamp::from_millis(self.created_at),
            created_by: self.created_by.actor()?,
            expires_at: self.expires_at(),
            regenerated_at: self.regenerated_at.map(Timestamp::from_millis),
            superseded_secrets: self.superseded.iter().map(superseded).collect::<Option<_>>()?,
            revoked,
            revision: self.revision,
            position: self.position,
            changed_at: Timestamp::from_millis(self.changed_at),
            unreadable: self.unreadable,
        })
    }
}

impl<'a> Who<'a> {
    fn of(actor: &'a Actor) -> Self {
        let kind = match actor.kind {
            ActorKind::Key => 0,
            ActorKind::Person => 1,
            ActorKind::Keyring => 2,
        };
        Self { kind, id: &actor.id }
    }

    fn actor(&self) -> Option<Actor> {
        let kind = match self.kind {
            0 => ActorKind::Key,
            1 => ActorKind::Person,
            2 => ActorKind::Keyring,
            _ => return None,
        };
        Some(Actor { kind, id: self.id.to_owned() })
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn key() -> Key {
        let [created, later] = [1_000, 2_000].map(Timestamp::from_millis);
        let scopes = ["client:read", "site:read"].map(|scope| Scope::parse(scope).expect("a scope"));
        let by = Actor { kind: ActorKind::Person, id: "somebody".to_owned() };
        Key {
            key_id: KeyId(Uuid::from_u128(7)),
            partner_id: PartnerId::parse("acme").expect("a partner"),
            name: KeyName::parse("Büro 7").expect("a name"),
            prefix: Prefix::parse(b"hT4kQ9xZ").expect("a prefix"),
            generation: 3,
            scopes: Scopes::new(scopes).expect("two scopes"),
            throttle: Throttle::DEFAULT,
            created_at: created,
            created_by: by.clone(),
            expires_at: Some(later),
            regenerated_at: Some(created),
            superseded_secrets: vec![SupersededSecret {
                prefix: Prefix::parse(b"x8Jd02Lq").expect("a prefix"),
                valid_until: later,
            }],
            revoked: Some(Revoked {
                at: later,
                by,
                reason: Some(Reason::parse("a leak").expect("a reason")),
            }),
            revision: 6,
            position: 41,
            changed_at: later,
            unreadable: true,
        }
    }

    #[test]
    fn a_key_survives_its_row_whatever_it_holds() {
        let whole = key();
        let bare = Key {
            expires_at: None,
            regenerated_at: None,
            superseded_secrets: Vec::new(),
            revoked: None,
            unreadable: false,
            ..whole.clone()
        };
        for key in [whole, bare] {
            let bytes = write(&key, Vec::new());
            assert_eq!(changed_at(&bytes), Some(key.changed_at));
            let row = Row::read(&bytes).expect("a row");
            for now in [0, 1_999, 2_000].map(Timestamp::from_millis) {
                assert_eq!(row.status(now), key.status(now));
            }
            assert_eq!((row.partner(), row.position()), ("acme", 41));
            assert_eq!(row.key(key.key_id), Some(key));
        }
    }

    #[test]
    fn what_is_no_row_is_told_apart() {
        let bytes = write(&key(), Vec::new());
        assert!(Row::read(&bytes[..bytes.len() - 1]).is_none());
        assert!(Row::read(&[&bytes[..], &[0]].concat()).is_none());
        assert!(changed_at(&[]).is_none());
    }
}
