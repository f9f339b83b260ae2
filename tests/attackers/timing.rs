//! Whoever times refusals does not learn which prefixes there are: an unknown prefix takes as long as a wrong secret under
//! a known one.
//!
//! Both kinds of secret are well formed, and there are many of each, so that no one of them is warmer in a cache than the
//! others. Which kind comes next is drawn at random, so that whatever else the machine does falls on both alike. Then
//! Welch's t-test asks whether the two means differ, as dudect does (Reparaz, Balasch, Verbauwhede: "Dude, is my code
//! constant time?", DATE 2017): what is slower than nine of ten samples is the machine's doing (an interrupt, another
//! process) and is left out, and |t| above 10 is a proof.
//!
//! A proof alone is no attack: in process, or over the loopback of an idle machine, a million samples prove a nanosecond,
//! the order of two instructions. So a difference fails where it is proven and of use as well:
//! - over HTTP, of 100 ns, the least that was ever told over a local network (Crosby, Wallach, Riedi: "Opportunities and
//!   Limits of Remote Timing Attacks", TISSEC 2009). Without the look-up of a decoy it was 160 ns;
//! - in process, of a twentieth of a refusal. The digest that an unknown prefix costs for nothing is more.
//!
//! What this leaves out: a slot that nobody has touched for long comes from main memory, which takes a fraction of a
//! microsecond, once. Asking again finds it warm, and a mean of one sample is none.

use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};

use keyledger_domain::actor::{Actor, ActorKind};
use keyledger_domain::envelope::{Event, PepperId, Private, Stream, Verifier};
use keyledger_domain::event::{Body, KeyCreated, KeyEvent};
use keyledger_domain::{
    Clock, KeyId, KeyName, PartnerId, Prefix, Scope, Scopes, Throttle, Timestamp, verdict::Code,
};
use keyledger_event_log::{LogIdentity, Position};
use keyledger_secret::{Marker, Pepper, PlaintextSecret};
use keyledger_tests::{Dice, Registry, Wire, random_bytes, soak, unknown_secret, wrong_secret_for};
use keyledger_validator::{Bounds, Clocks, Config, KeyIndex, Monotonic, WorkingKey};
use uuid::Uuid;

/// How many secrets there are of each kind.
const SECRETS: usize = 1_024;

/// The |t| that proves a difference.
const PROOF: f64 = 10.0;

/// The least difference that is of use from elsewhere, in nanoseconds.
const TOLD_REMOTELY: f64 = 100.0;

/// The least that is of use in process, as a part of a refusal.
const TOLD_BESIDE: f64 = 0.05;

/// Nanoseconds that each kind took.
struct Timed {
    one: Vec<f64>,
    other: Vec<f64>,
}

/// What Welch's t-test makes of two kinds.
#[derive(Debug)]
struct Difference {
    /// By how much the one kind is slower than the other, in nanoseconds and as a part of what both take.
    nanos: f64,
    part: f64,
    t: f64,
}

impl Difference {
    fn is_proven(&self) -> bool {
        self.t.abs() > PROOF
    }
}

impl Timed {
    /// Asks about one of `secrets` after the other, those of the one kind at even places and those of the other at odd ones.
    fn take(samples: usize, secrets: &[String], mut ask: impl FnMut(&str) -> Duration) -> Self {
        let mut dice = Dice::thrown_for("timing");
        let mut timed = Self { one: Vec::with_capacity(samples), other: Vec::with_capacity(samples) };
        for _ in 0..samples {
            let place = usize::try_from(dice.below(secrets.len() as u64)).expect("a place");
            let nanos = ask(&secrets[place]).as_nanos() as f64;
            if place.is_multiple_of(2) { timed.one.push(nanos) } else { timed.other.push(nanos) }
        }
        timed
    }

    /// Leaves out what is slower than nine of ten of both together, and compares the rest.
    fn difference(mut self) -> Difference {
        let mut both = [&self.one[..], &self.other].concat();
        let place = both.len() * 9 / 10;
        let slowest = *both.select_nth_unstable_by(place, f64::total_cmp).1;
        self.one.retain(|nanos| *nanos <= slowest);
        self.other.retain(|nanos| *nanos <= slowest);
        let ((one, one_error), (other, other_error)) = (moments(&self.one), moments(&self.other));
        let nanos = one - other;
        Difference { nanos, part: nanos * 2.0 / (one + other), t: nanos / (one_error + other_error).sqrt() }
    }
}

/// The mean, and the variance of that.
fn moments(values: &[f64]) -> (f64, f64) {
    let count = values.len() as f64;
    let mean = values.iter().sum::<f64>() / count;
    let variance = values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / (count - 1.0);
    (mean, variance / count)
}

/// A clock that stands still: nothing expires, and the log is always fresh.
struct Still;

impl Clock for Still {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(1_800_000_000_000)
    }
}

impl Monotonic for Still {
    fn nanos(&self) -> u64 {
        0
    }
}

/// An index that holds a key for each of these secrets, and has caught up.
fn index(secrets: &[String]) -> KeyIndex {
    let clock = Arc::new(Still);
    let index = KeyIndex::new(Config {
        log: LogIdentity { log: Uuid::nil(), epoch: 1 },
        marker: Marker::DEFAULT,
        bounds: Bounds::default(),
        clocks: Clocks { wall: clock.clone(), monotonic: clock },
    });
    let pepper = Pepper::new(random_bytes());
    index.set_peppers(vec![(PepperId(1), pepper.clone())]);
    for (number, secret) in (1..).zip(secrets) {
        let parsed = PlaintextSecret::parse(Marker::DEFAULT, secret.as_bytes()).expect("it is well formed");
        let created = creation(number, &secret[..8], pepper.digest(&parsed).to_bytes());
        index.apply(Position::new(number), b"mac", &created).expect("it comes next");
    }
    index.heard(0);
    index
}

fn creation(number: u64, prefix: &str, digest: [u8; 32]) -> Event {
    let id = Uuid::from_u128(number.into());
    let created = KeyCreated {
        partner_id: PartnerId::parse("acme").expect("a partner"),
        name: KeyName::parse("timed").expect("a name"),
        prefix: Prefix::parse(prefix.as_bytes()).expect("a prefix"),
        scopes: Scopes::new([Scope::parse("client:read").expect("a scope")]).expect("one scope"),
        throttle: Throttle::DEFAULT,
        expires_at: None,
    };
    let verifier = Some(Verifier { pepper_id: PepperId(1), digest });
    Event {
        id,
        epoch: 1,
        stream: Stream::Key(KeyId(id)),
        revision: 0,
        occurred_at: Still.now(),
        actor: Actor { kind: ActorKind::Keyring, id: "test".to_owned() },
        request_id: "test".to_owned(),
        schema_version: 1,
        body: Body::Key(KeyEvent::Created(created)),
        private: Some(Private { nonce: [0; 16], verifier, request_digest: None }),
    }
}

/// How long it takes to find out that a secret is no key.
fn refused(index: &KeyIndex, secret: &str, because: Code) -> Duration {
    // Copied, so that the memory of this harness is warm when the clock starts.
    let key: [u8; 51] = black_box(secret.as_bytes().try_into().expect("51 characters"));
    let begun = Instant::now();
    let verdict = index.authenticate(&key, &WorkingKey, 1);
    let took = begun.elapsed();
    assert!(verdict.is_ok_and(|verdict| verdict.code == because), "refused for what is measured");
    took
}

/// Unknown secrets and wrong ones under these prefixes, in turn.
fn unknown_and_wrong<'a>(prefixes: impl Iterator<Item = &'a str>) -> Vec<String> {
    prefixes.flat_map(|prefix| [unknown_secret(), wrong_secret_for(prefix)]).collect()
}

#[test]
fn an_unknown_prefix_takes_as_long_to_judge_as_a_wrong_secret() {
    let samples = if soak() { 1_000_000 } else { 50_000 };
    let known: Vec<_> = (0..SECRETS).map(|_| unknown_secret()).collect();
    let (index, secrets) = (index(&known), unknown_and_wrong(known.iter().map(|secret| &secret[..8])));
    let timed = Timed::take(samples, &secrets, |secret| refused(&index, secret, Code::Unknown));
    let found = timed.difference();
    println!("in process, unknown against wrong: {found:?}");
    assert!(!found.is_proven() || found.part.abs() < TOLD_BESIDE, "{found:?}");

    // What costs no digest is told apart, or else these clocks could not have told anything.
    let junk = |secret: &String| [secret.clone(), format!("{}-{}", &secret[..8], &secret[9..])];
    let secrets: Vec<_> = known.iter().map(|_| unknown_secret()).flat_map(|secret| junk(&secret)).collect();
    let timed = Timed::take(samples, &secrets, |secret| {
        let malformed = secret.as_bytes()[8] == b'-';
        refused(&index, secret, if malformed { Code::Malformed } else { Code::Unknown })
    });
    let found = timed.difference();
    println!("in process, unknown against malformed: {found:?}");
    assert!(found.is_proven() && found.part > TOLD_BESIDE, "{found:?}");
}

#[test]
fn an_unknown_prefix_takes_as_long_to_answer_as_a_wrong_secret() {
    let (samples, keys) = if soak() { (1_000_000, SECRETS) } else { (2_000, 16) };
    let registry = Registry::start();
    let created: Vec<_> = (0..keys).map(|_| registry.create("timed", "a", &["client:read"])).collect();
    let secrets = unknown_and_wrong(created.iter().map(|key| key.prefix.as_str()));
    let mut wire = Wire::connect(&registry.addresses().validator);
    let timed = Timed::take(samples, &secrets, |secret| {
        let request = format!("GET /v1/health HTTP/1.1\r\nhost: a\r\nx-api-key: {secret}\r\n\r\n");
        let begun = Instant::now();
        wire.send(request);
        let answer = wire.answer();
        let took = begun.elapsed();
        assert_eq!(answer.status(), 403, "{answer:?}");
        took
    });
    let found = timed.difference();
    println!("over HTTP, unknown against wrong: {found:?}");
    assert!(!found.is_proven() || found.nanos.abs() < TOLD_REMOTELY, "{found:?}");
}
