//! Somebody sets the machine's clock, forwards and back: what has expired stays so, what was revoked stays so, time never
//! falls within a stream, and what is measured by a stopwatch does not notice.

use std::fs::{self, OpenOptions};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use keyledger_tests::{Created, Dice, Registry, from_now, millis, shim, soak};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::clients::Clients;
use crate::history::History;
use crate::oracle::Oracle;
use crate::verdict_on::running_equals_replayed;

const HOUR: i64 = 3_600;
const DAY: i64 = 24 * HOUR;

/// A clock that a test sets.
struct Calendar {
    file: PathBuf,
    #[expect(dead_code, reason = "dropping it removes the file")]
    directory: TempDir,
}

impl Calendar {
    /// A right one.
    fn new() -> Self {
        let directory = tempfile::tempdir().expect("a directory");
        let file = directory.path().join("jump");
        fs::write(&file, [0; 8]).expect("a file");
        Self { file, directory }
    }

    fn registry(&self) -> Registry {
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("faults/shim/clock.c");
        let file = self.file.to_str().expect("a path that is text");
        Registry::with(&[("LD_PRELOAD", &shim(&source)), ("CLOCK_JUMP", file)])
    }

    /// From now on it is this many seconds ahead of the right one.
    fn is_ahead_by(&self, seconds: i64) {
        let file = OpenOptions::new().write(true).open(&self.file).expect("the file");
        file.write_all_at(&(seconds * 1_000_000_000).to_ne_bytes(), 0).expect("it can be written");
    }
}

#[track_caller]
fn judged(registry: &Registry, key: &Created, code: &str) {
    let verdict = registry.verify(&json!({ "key": key.secret, "cost": 0 }));
    assert_eq!(verdict["code"], code, "{verdict}");
    assert!(verdict["stalenessMs"].as_u64().is_some_and(|staleness| staleness < 60_000), "{verdict}");
    let expected = if code == "VALID" { 200 } else { 403 };
    assert_eq!(registry.authorize(&key.secret, "scope=client:read").status, expected);
}

fn occurred(registry: &Registry, key: &Created) -> Vec<i64> {
    let history = registry.operator().get(&key.at("history")).send().expecting(200).json();
    let events = history["events"].as_array().expect("its events").clone();
    events.iter().map(|line| millis(&line["event"]["occurredAt"])).collect()
}

#[test]
fn what_expired_or_was_superseded_stays_so_when_the_clock_goes_back() {
    let calendar = Calendar::new();
    let mut registry = calendar.registry();
    let lasting = registry.create("acme", "lasting", &["client:read"]);
    let expiry = from_now(Duration::from_secs(HOUR.unsigned_abs()));
    let body = json!({ "name": "short", "scopes": ["client:read"], "expiresAt": expiry });
    let expiring = registry.create_from("acme", &body);
    let overlapping = registry.create("acme", "overlapping", &["client:read"]);
    let renewed = registry.regenerate(&overlapping, HOUR.unsigned_abs());
    for key in [&lasting, &expiring, &overlapping, &renewed] {
        judged(&registry, key, "VALID");
    }
    for ahead in [2 * HOUR, 0, -DAY, 3 * HOUR, -30 * DAY] {
        calendar.is_ahead_by(ahead);
        judged(&registry, &expiring, "EXPIRED");
        judged(&registry, &overlapping, "SUPERSEDED");
        judged(&registry, &renewed, "VALID");
        judged(&registry, &lasting, "VALID");
        registry.ops().get("/readyz").send().expecting(200);
    }
    // A clock that was wrongly ahead heals with a restart; one that is ahead again is believed again.
    calendar.is_ahead_by(0);
    registry.kill();
    registry.restart();
    judged(&registry, &expiring, "VALID");
    judged(&registry, &overlapping, "VALID");
    calendar.is_ahead_by(2 * HOUR);
    judged(&registry, &expiring, "EXPIRED");
    judged(&registry, &overlapping, "SUPERSEDED");
}

#[test]
fn a_revocation_holds_whatever_the_clock_says_and_time_never_falls_within_a_stream() {
    let calendar = Calendar::new();
    let mut registry = calendar.registry();
    calendar.is_ahead_by(DAY);
    let key = registry.create("acme", "billing", &["client:read"]);
    let ended = registry.create("acme", "ended", &["client:read"]);
    calendar.is_ahead_by(-DAY);
    let rename = json!({ "name": "invoices" });
    registry.operator().patch(&key.path(), &rename).send().expecting(200);
    let renewed = registry.regenerate(&ended, 0);
    judged(&registry, &ended, "SUPERSEDED");
    judged(&registry, &renewed, "VALID");
    calendar.is_ahead_by(-30 * DAY);
    registry.revoke(&key);
    for (ahead, restarts) in
        [(0, false), (-300 * DAY, true), (300 * DAY, true), (-20_000 * DAY, true), (0, true)]
    {
        calendar.is_ahead_by(ahead);
        if restarts {
            registry.kill();
            registry.restart();
        }
        judged(&registry, &key, "REVOKED");
        judged(&registry, &ended, "SUPERSEDED");
        judged(&registry, &renewed, "VALID");
        assert!(occurred(&registry, &key).is_sorted(), "{:?}", occurred(&registry, &key));
    }
    assert_eq!(occurred(&registry, &key).len(), 3);
}

#[test]
fn a_jump_neither_fills_a_bucket_nor_empties_it() {
    let calendar = Calendar::new();
    let registry = calendar.registry();
    let throttle = json!({ "ratePerSecond": 1, "burst": 3 });
    let body = json!({ "name": "slow", "scopes": ["client:read"], "throttle": throttle });
    for ahead in [DAY, -DAY] {
        let key = registry.create_from("acme", &body);
        let begun = Instant::now();
        for _ in 0..3 {
            registry.health(&key.secret).expecting(200);
        }
        calendar.is_ahead_by(ahead);
        let answer = registry.health(&key.secret);
        // A machine that takes a second for this has filled it rightly.
        assert!(answer.status == 429 || begun.elapsed() > Duration::from_secs(1), "{}", answer.text());
        thread::sleep(Duration::from_millis(1_100));
        registry.health(&key.secret).expecting(200);
    }
}

#[test]
fn a_log_that_was_written_under_a_jumping_clock_is_sound_and_replays_to_what_ran() {
    let mut dice = Dice::thrown_for("jumping clock");
    let calendar = Calendar::new();
    let mut registry = calendar.registry();
    let directory = tempfile::tempdir().expect("a directory for the oracle");
    let clients = Clients::new(Oracle::start(directory.path()));
    clients.door.open(&registry);
    thread::scope(|scope| {
        for name in 0..3 {
            let (clients, dice) = (&clients, dice.another());
            scope.spawn(move || clients.run(name, dice));
        }
        for _ in 0..if soak() { 2_000 } else { 40 } {
            thread::sleep(Duration::from_millis(dice.below(100)));
            let days = i64::try_from(dice.below(800)).expect("some days") - 400;
            calendar.is_ahead_by(days * DAY);
            if dice.chance(10) {
                registry.kill();
                clients.door.close();
                registry.restart();
                clients.door.open(&registry);
            }
        }
        clients.door.no_more();
    });
    let told = clients.oracle.consult();
    let history = History::read(&registry.operator());
    for told in &told {
        let Some(place) = &told.key else { continue };
        let event = history.at(place.position).unwrap_or_else(|| panic!("it was lost: {told:?}"));
        assert_eq!(
            (&event["stream"], &event["revision"]),
            (&json!(format!("key-{}", place.key_id)), &json!(place.revision))
        );
    }
    time_never_falls(&history);
    // Before everything that happened no overlap has run out, so that the lists show what events say, and no clock.
    calendar.is_ahead_by(-3_000 * DAY);
    running_equals_replayed(&mut registry, &history);
    println!("{} events under a jumping clock", history.len());
}

#[track_caller]
fn time_never_falls(history: &History) {
    let mut last = std::collections::HashMap::<Value, i64>::new();
    for position in 1..=history.len() as u64 {
        let event = history.at(position).expect("an event");
        let moment = millis(&event["occurredAt"]);
        let before = last.insert(event["stream"].clone(), moment);
        assert!(before.is_none_or(|before| before <= moment), "time falls: {event}");
    }
}
