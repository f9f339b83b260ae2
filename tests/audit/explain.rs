//! What an auditor is told a request would have got is what the validator gave it then.

use std::{thread::sleep, time::Duration};

use keyledger_audit::{
    History,
    past::{Past, Question},
};
use keyledger_domain::{KeyId, Moment, PartnerId, Prefix, Scope};
use keyledger_event_log_sqlite::SqliteLog;
use keyledger_tests::{Created, Dice, Registry, from_now, millis};
use serde_json::{Value, json};
use tokio::runtime::Builder;

use crate::{
    SHARED,
    random_life::{Ends, RandomLife, SCOPES},
};

/// A request that a validator judged, and how.
struct Recorded {
    key: Created,
    scopes: Vec<&'static str>,
    partner: Option<String>,
    code: String,
    position: u64,
    /// Right before it was asked, and right after.
    between: [String; 2],
}

/// Lets the validator judge one of the secrets of one of the keys.
fn judged(registry: &Registry, life: &mut RandomLife<'_>) -> Option<Recorded> {
    let at = usize::try_from(life.dice().below(64)).expect("small");
    let secrets = life.keys.get(at % life.keys.len().max(1))?.clone();
    let key = life.dice().pick(&secrets).clone();
    let scopes: Vec<_> = SCOPES.into_iter().filter(|_| life.dice().chance(30)).collect();
    let partner = life.dice().chance(50).then(|| life.dice().pick(&["travel", &key.partner]).to_string());
    let mut question = json!({ "key": key.secret, "scopes": scopes, "cost": 0 });
    if let Some(partner) = &partner {
        question["partnerId"] = json!(partner);
    }
    let before = from_now(Duration::ZERO);
    let verdict = registry.verify(&question);
    let between = [before, from_now(Duration::ZERO)];
    let code = verdict["code"].as_str().expect("a code").to_owned();
    let position = verdict["position"].as_u64().expect("a position");
    Some(Recorded { key, scopes, partner, code, position, between })
}

/// What an auditor would ask about it, at a moment.
fn question(of: &Recorded, moment: Moment) -> Question {
    Question {
        key_id: KeyId(of.key.id.parse().expect("an id")),
        prefix: Some(Prefix::parse(of.key.prefix.as_bytes()).expect("a prefix")),
        scopes: of.scopes.iter().map(|scope| Scope::parse(scope).expect("a scope")).collect(),
        partner: of.partner.as_ref().map(|partner| PartnerId::parse(partner).expect("a partner")),
        moment,
    }
}

#[test]
fn every_verdict_that_was_recorded_is_explained_as_it_was_given() {
    let mut registry = Registry::start();
    let mut life = RandomLife::of(&registry, "explain", Ends::Soon, Dice::thrown_for("explain"));
    let mut recorded = Vec::new();
    for step in 0..60 {
        life.step();
        for _ in 0..3 {
            recorded.extend(judged(&registry, &mut life));
        }
        // Overlaps and keys end while nothing happens, too; and no two commands share a millisecond.
        sleep(Duration::from_millis(if step % 10 == 9 { 700 } else { 2 }));
    }
    registry.kill();
    let log = SqliteLog::open_read_only(registry.data_dir().join("log.db")).expect("the log");
    let past = Past::new(History::new(std::sync::Arc::new(log), None), None);
    let runtime = Builder::new_current_thread().enable_all().build().expect("a runtime");
    let explain = |of: &Recorded, moment| {
        runtime.block_on(past.explain(&question(of, moment))).expect("an explanation")
    };
    let mut codes = std::collections::BTreeMap::<&str, usize>::new();
    for given in &recorded {
        let [before, after] = given.between.each_ref().map(|text| {
            let moment = Moment::parse(text).expect("a moment");
            explain(given, moment)
        });
        let told = [before.code.as_str(), after.code.as_str()];
        assert!(told.contains(&given.code.as_str()), "{:?} was {}, not {told:?}", given.key.id, given.code);
        let position = explain(given, Moment::Position(given.position));
        // What the clock ended while nothing happened no position knows.
        if position.code.as_str() != given.code {
            assert!(
                ["SUPERSEDED", "EXPIRED"].contains(&given.code.as_str()),
                "{} at {}",
                given.code,
                given.position
            );
        }
        let latest = before.because.iter().chain(&position.because).map(|reason| reason.position).max();
        assert!(latest.is_some_and(|latest| latest <= given.position), "{before:?}");
        *codes.entry(given.code.as_str()).or_default() += 1;
    }
    assert!(codes.len() >= 4, "they were not all of a kind: {codes:?}");
}

#[test]
fn an_explanation_names_the_events_that_decide_and_says_them_in_sentences() {
    let registry = SHARED.get();
    let key = registry.create("audit-why", "why", &["client:read"]);
    let created = key.key["position"].as_u64().expect("a position");
    let valid = registry.verify(&json!({ "key": key.secret, "scopes": ["clientEmail:read"] }));
    sleep(Duration::from_millis(2));
    let revoked = registry.revoke(&key)["position"].as_u64().expect("a position");
    let explain = |at: &str, more: &[&str]| {
        let arguments = ["audit", "explain", "--key", &key.id, "--at", at];
        registry.terminal().run(&[&arguments[..], more].concat()).exited(0)
    };
    let scope = ["--scope", "clientEmail:read", "--json"];
    let told = explain(&valid["position"].to_string(), &scope).json();
    assert_eq!((&told["allowed"], &told["code"]), (&json!(true), &valid["code"]));
    let catalogue = told["because"][0].as_u64().expect("a position");
    assert_eq!(told["because"], json!([catalogue, created]));
    let told = explain(&revoked.to_string(), &scope).json();
    assert_eq!(
        (&told["allowed"], &told["code"], &told["because"]),
        (&json!(false), &json!("REVOKED"), &json!([revoked]))
    );
    let told = explain(&(created - 1).to_string(), &scope).json();
    assert_eq!(
        (&told["code"], &told["because"], &told["createdLater"]),
        (&json!("UNKNOWN"), &json!([]), &json!(created))
    );
    let said = explain(&valid["position"].to_string(), &["--scope", "client:read"]);
    for words in ["VALID at position", "it would have been allowed", "it created the key, for audit-why"] {
        assert!(said.stdout.contains(words), "{words}: {}", said.stdout);
    }
    assert!(said.stderr.contains("no event tells"), "{}", said.stderr);
    let said = explain(&revoked.to_string(), &["--prefix", &key.prefix]).stdout;
    assert!(said.contains("REVOKED") && said.contains("it revoked the key"), "{said}");
}

#[test]
fn a_moment_is_judged_by_the_clock_of_then() {
    let registry = SHARED.get();
    let expires = from_now(Duration::from_millis(400));
    let body = json!({ "name": "short", "scopes": ["client:read"], "expiresAt": expires });
    let key = registry.create_from("audit-clock", &body);
    sleep(Duration::from_millis(600));
    let code = |at: &str| {
        let arguments =
            ["audit", "explain", "--json", "--key", &key.id, "--scope", "client:read", "--at", at];
        registry.terminal().run(&arguments).exited(0).json()["code"].clone()
    };
    let at = |millis: i64| keyledger_domain::Timestamp::from_millis(millis).to_string();
    let end = millis(&Value::from(expires));
    assert_eq!((code(&at(end - 1)), code(&at(end))), (json!("VALID"), json!("EXPIRED")));
}
