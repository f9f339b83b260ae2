use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use keyledger_domain::{
    PartnerId, Timestamp,
    envelope::{MacKey, MacKeyId, MacKeys},
};
use keyledger_portal::{
    openid::Vouched,
    people::{
        Decider, Keys, Lifetimes, NewPerson, Password, People, Person, PersonId, SessionId, Standing,
        Username,
    },
};
use keyledger_secret::Randomness;
use uuid::Uuid;
use zeroize::Zeroizing;

use super::place::Place;

pub(crate) const LIFETIMES: Lifetimes =
    Lifetimes { idle_seconds: 1_800, absolute_seconds: 43_200, vouched_seconds: 3_600 };

pub(crate) const IDP: &str = "https://idp.example.com";

/// Bytes that nobody drew before, and that are the same in every run.
#[derive(Default)]
pub(crate) struct Counting(AtomicU64);

impl Randomness for Counting {
    fn fill(&self, bytes: &mut [u8]) {
        for byte in bytes {
            let number = self.0.fetch_add(1, Ordering::Relaxed);
            *byte = (number.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 56) as u8;
        }
    }
}

/// The keys of a keyring.
pub(crate) fn keys() -> Keys {
    Arc::new(|| MacKeys::new((MacKeyId(1), MacKey::new([7; 32])), vec![]))
}

pub(crate) fn at(seconds: u32) -> Timestamp {
    Timestamp::from_millis(1_800_000_000_000).plus_seconds(seconds)
}

pub(crate) fn keyring() -> Decider {
    Decider::Keyring("the log".to_owned())
}

pub(crate) fn acme() -> PartnerId {
    PartnerId::parse("acme").expect("a partner")
}

pub(crate) fn name(text: &str) -> Username {
    Username::parse(text).expect("a user name")
}

pub(crate) fn password(text: &str) -> Password {
    Password::typed(Zeroizing::new(text.to_owned()))
}

/// Somebody as a provider tells of them.
pub(crate) fn vouched(subject: &str, name: &str, standing: Option<Standing>) -> Vouched {
    Vouched { subject: subject.to_owned(), name: self::name(name), standing }
}

/// What happens to the people of a place.
pub(crate) struct Story {
    pub(crate) people: People,
    pub(crate) randomness: Counting,
    pub(crate) place: Place,
}

impl Story {
    pub(crate) fn new() -> Self {
        let place = Place::new();
        Self { people: place.open(keys()), randomness: Counting::default(), place }
    }

    pub(crate) fn add(&self, id: u128, username: &str, standing: Standing) -> Person {
        let new = NewPerson {
            id: PersonId(Uuid::from_u128(id)),
            username: name(username),
            password: None,
            standing,
        };
        self.people.add(new, &keyring(), at(0)).expect("they are added")
    }

    pub(crate) fn session(&self, person: &Person, seconds: u32) -> SessionId {
        self.people
            .begin_session(person.id, None, None, &self.randomness, at(seconds))
            .expect("an answer")
            .expect("a session")
    }

    pub(crate) fn is_signed_in(&self, session: SessionId, seconds: u32) -> bool {
        self.people.signed_in(session, LIFETIMES, at(seconds)).expect("an answer").is_some()
    }
}
