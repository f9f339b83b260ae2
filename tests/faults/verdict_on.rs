//! What must hold once clients were told things and the process was ended again and again meanwhile.

use std::collections::BTreeMap;

use keyledger_domain::Actor;
use keyledger_domain::envelope::Idempotency;
use keyledger_tests::{Dice, Registry};
use serde_json::{Value, json};

use crate::command::{PARTNERS, What};
use crate::history::{History, listed};
use crate::oracle::Told;

/// Checks all of it on a registry that runs; `seen` is what was read of its log between the kills.
#[track_caller]
pub(crate) fn check(registry: &mut Registry, seen: &History, told: &[Told], dice: &mut Dice) {
    assert!(told.iter().any(|told| told.key.is_some()), "nothing was ever acknowledged");
    let history = History::read(&registry.operator());
    assert!(history.continues(seen), "a kill changed the past");
    let counts = history.counts();
    for told in told {
        stands_in_the_log(told, &history, |text| counts.get(text).copied().unwrap_or_default());
    }
    lists_are_what_the_log_says(registry, &history);
    secrets_are_judged_as_the_log_says(registry, told, &history.keys());
    repetitions_find_out(registry, told, dice);
    assert_eq!(History::read(&registry.operator()).len(), history.len(), "a repetition was recorded");
    running_equals_replayed(registry, &history);
}

/// Acknowledged: recorded once. Refused: not recorded.
fn stands_in_the_log(told: &Told, history: &History, count: impl Fn(&str) -> usize) {
    let marked = count(&told.mark);
    let Some(place) = &told.key else {
        return assert_eq!(marked, 0, "it was refused and recorded: {told:?}");
    };
    let event = history.at(place.position).unwrap_or_else(|| panic!("it was lost: {told:?}"));
    assert_eq!(event["stream"], format!("key-{}", place.key_id), "{told:?}");
    assert_eq!(event["revision"], place.revision, "{told:?}");
    match told.what {
        What::Create | What::Edit => assert_eq!(marked, 1, "not recorded once: {told:?}"),
        // Whoever revokes what is revoked is told so, and nothing is recorded.
        What::Revoke => assert!(marked <= 1, "recorded twice: {told:?}"),
        What::Regenerate => {}
    }
    if let Some(secret) = &told.secret {
        assert_eq!(count(&secret[..8]), 1, "its secret is not in the log once: {told:?}");
    }
    if let (Some(key), What::Create | What::Regenerate) = (&told.idempotency_key, told.what) {
        let id = event_id(event, key);
        assert_eq!(count(&id), 1, "not recorded once: {told:?}");
    }
}

/// The id that follows from an idempotency key; `event` is any event of the same log and principal.
fn event_id(event: &Value, key: &str) -> String {
    let principal: Actor = serde_json::from_value(event["actor"].clone()).expect("an actor");
    let log = event["log"].as_str().and_then(|log| log.parse().ok()).expect("the id of a log");
    Idempotency { log, principal: &principal, key }.event_id(0).to_string()
}

fn lists_are_what_the_log_says(registry: &Registry, history: &History) {
    let keys = history.keys();
    for partner in PARTNERS {
        let of_partner =
            |(id, key): (&String, &Value)| (key["partnerId"] == partner).then(|| (id.clone(), key.clone()));
        let reckoned: BTreeMap<_, _> = keys.iter().filter_map(of_partner).collect();
        assert_eq!(listed(registry, partner), reckoned, "the keys of {partner}");
    }
}

fn secrets_are_judged_as_the_log_says(registry: &Registry, told: &[Told], keys: &BTreeMap<String, Value>) {
    for told in told {
        let (Some(place), Some(secret)) = (&told.key, &told.secret) else { continue };
        let (key, prefix) = (&keys[&place.key_id], &secret[..8]);
        let overlaps = |superseded: &Value| superseded["prefix"] == *prefix;
        let code = if key["status"] == "REVOKED" {
            "REVOKED"
        } else if key["prefix"] == *prefix
            || key["supersededSecrets"].as_array().expect("a list").iter().any(overlaps)
        {
            "VALID"
        } else {
            "SUPERSEDED"
        };
        let verdict = registry.verify(&json!({ "key": secret, "cost": 0 }));
        assert_eq!(verdict["code"], code, "{key}");
        assert_eq!(verdict["keyId"], place.key_id.as_str());
    }
}

/// The same request again gives the same key, and its secret is not told twice.
fn repetitions_find_out(registry: &Registry, told: &[Told], dice: &mut Dice) {
    let repeatable: Vec<_> = told
        .iter()
        .filter(|told| matches!(told.what, What::Create | What::Regenerate))
        .filter_map(|told| Some((told, told.key.as_ref()?, told.idempotency_key.as_ref()?)))
        .collect();
    for _ in 0..20 {
        let (told, place, key) = *dice.pick(&repeatable);
        let again = registry.operator().post(&told.path, &told.body).header("idempotency-key", key).send();
        assert_eq!(again.status, if told.what == What::Create { 201 } else { 200 }, "{}", again.text());
        assert_eq!(again.json()["key"]["keyId"], place.key_id.as_str());
        assert_eq!(again.json()["secret"], Value::Null);
    }
}

/// Read models and key index as they were kept through all of it are those that the log alone makes.
pub(crate) fn running_equals_replayed(registry: &mut Registry, history: &History) {
    // A stop writes down what the running process held.
    assert!(registry.stop().success(), "{}", registry.stderr());
    let running = projections(registry, "status");
    let rebuilt = projections(registry, "rebuild");
    for (running, rebuilt) in running.iter().zip(&rebuilt) {
        assert!(running["digest"].is_string(), "it was not written down: {running}");
        assert_eq!(running["digest"], rebuilt["digest"], "{running} is not {rebuilt}");
        assert_eq!(rebuilt["unchanged"], true, "{rebuilt}");
    }
    registry.restart();
    lists_are_what_the_log_says(registry, history);
}

/// The two read models, as a command tells them.
fn projections(registry: &Registry, command: &str) -> Vec<Value> {
    let told = registry.terminal().run(&["projections", command, "--json"]).exited(0).json();
    let models = told["projections"].as_array().expect("the projections").clone();
    let names: Vec<_> = models.iter().map(|model| model["name"].clone()).collect();
    assert_eq!(names, ["key_index", "partner_keys"]);
    models
}

mod can_fail {
    use super::*;
    use crate::oracle::Place;

    fn told(position: u64) -> Told {
        let place = Place { key_id: "1".into(), partner_id: "acme".into(), position, revision: 0 };
        Told {
            what: What::Create,
            path: String::new(),
            body: Value::Null,
            mark: "command-0-0".to_owned(),
            idempotency_key: None,
            key: Some(place),
            secret: None,
        }
    }

    fn history() -> History {
        let event = json!({
            "id": "a", "stream": "key-1", "revision": 0, "type": "KeyCreated", "data": { "name": "command-0-0" }
        });
        let mut history = History::default();
        history.add(json!({ "position": 1, "event": event }));
        history
    }

    #[test]
    fn what_was_acknowledged_and_recorded_passes() {
        stands_in_the_log(&told(1), &history(), |_| 1);
    }

    #[test]
    #[should_panic(expected = "it was lost")]
    fn what_was_acknowledged_and_lost_is_seen() {
        stands_in_the_log(&told(2), &history(), |_| 1);
    }

    #[test]
    #[should_panic(expected = "not recorded once")]
    fn what_was_recorded_twice_is_seen() {
        stands_in_the_log(&told(1), &history(), |_| 2);
    }

    #[test]
    #[should_panic(expected = "it was refused and recorded")]
    fn what_was_refused_and_recorded_is_seen() {
        stands_in_the_log(&Told { key: None, ..told(1) }, &history(), |_| 1);
    }
}
