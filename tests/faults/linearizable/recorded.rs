//! Callers of one key, and what they wrote down.

use std::sync::{Arc, Mutex};
use std::time::Instant;

use keyledger_tests::{Answer, Created, Dice, Registry};
use serde_json::json;

use super::checker::Call;
use super::key::{Ask, Said, Secret};

/// The codes that can be told of a secret of the key.
const CODES: [&str; 4] = ["VALID", "REVOKED", "SUPERSEDED", "INSUFFICIENT_SCOPE"];

/// A key, its secrets as they became known, and the calls on it.
#[derive(Clone)]
pub(super) struct Recorder(Arc<Inside>);

struct Inside {
    key: Created,
    secrets: Mutex<Vec<String>>,
    calls: Mutex<Vec<Call>>,
}

impl Recorder {
    pub(super) fn of_new_key(registry: &Registry) -> Self {
        let key = registry.create("acme", "billing", &["client:read", "site:write"]);
        let secrets = Mutex::new(vec![key.secret.clone()]);
        Self(Arc::new(Inside { key, secrets, calls: Mutex::default() }))
    }

    /// Its calls, in the order of their answers.
    pub(super) fn history(&self) -> Vec<Call> {
        self.0.calls.lock().expect("no caller panicked in here").clone()
    }

    /// Asks for something, and writes down what was said.
    pub(super) fn call(&self, registry: &Registry, dice: &mut Dice) {
        let ask = self.choose(dice);
        let begun = Instant::now();
        let answer = self.ask(registry, &ask);
        let answered = Instant::now();
        let said = self.said(&ask, &answer);
        let call = Call { ask, said, begun, answered };
        self.0.calls.lock().expect("no caller panicked in here").push(call);
    }

    fn choose(&self, dice: &mut Dice) -> Ask {
        match dice.below(100) {
            0..50 => {
                let known = self.0.secrets.lock().expect("no caller panicked in here").len();
                // The last ones are those that may work.
                let back = dice.below(3.min(known as u64));
                Ask::Judge(known - 1 - usize::try_from(back).expect("one of three"))
            }
            50..65 => Ask::MayRead(dice.chance(50)),
            65..85 => Ask::Regenerate { overlap: dice.chance(60) },
            85..95 => Ask::EndOverlap,
            _ => Ask::Revoke,
        }
    }

    fn ask(&self, registry: &Registry, ask: &Ask) -> Answer {
        let (key, operator) = (&self.0.key, registry.operator());
        let call = match ask {
            Ask::Judge(secret) => {
                let secret = self.0.secrets.lock().expect("no caller panicked in here")[*secret].clone();
                let body = json!({ "key": secret, "scopes": ["client:read"], "cost": 0 });
                registry.validator().post("/v1/verify", &body)
            }
            Ask::MayRead(true) => {
                operator.patch(&key.path(), &json!({ "scopes": ["client:read", "site:write"] }))
            }
            Ask::MayRead(false) => operator.patch(&key.path(), &json!({ "scopes": ["site:write"] })),
            Ask::Regenerate { overlap } => {
                let body = json!({ "overlapSeconds": if *overlap { 3600 } else { 0 }, "replace": "oldest" });
                operator.post(&key.at("regenerate"), &body)
            }
            Ask::EndOverlap => operator.post(&key.at("end-overlap"), &json!({})),
            Ask::Revoke => operator.post(&key.at("revoke"), &json!({})),
        };
        call.send()
    }

    fn said(&self, ask: &Ask, answer: &Answer) -> Said {
        let json = answer.json();
        match (ask, answer.status) {
            (Ask::Judge(_), 200) => {
                let known = CODES.into_iter().find(|code| json["code"] == *code);
                Said::Code(known.unwrap_or_else(|| panic!("{json}")))
            }
            (Ask::Regenerate { .. }, 200) => {
                let revision = json["key"]["revision"].as_u64().expect("a revision");
                Said::NewSecret(self.learn(json["secret"].as_str().expect("a secret")), revision)
            }
            (_, 200) => {
                let key = if json["key"].is_object() { &json["key"] } else { &json };
                Said::Done(key["revision"].as_u64().expect("a revision"))
            }
            (_, 409) if json["code"] == "key-revoked" => Said::Revoked,
            (ask, status) => panic!("{ask:?} is answered {status}: {json}"),
        }
    }

    fn learn(&self, secret: &str) -> Secret {
        let mut secrets = self.0.secrets.lock().expect("no caller panicked in here");
        secrets.push(secret.to_owned());
        secrets.len() - 1
    }
}

/// A history as a person reads it, in milliseconds since its beginning.
pub(super) fn shown(history: &[Call]) -> String {
    let start = history.iter().map(|call| call.begun).min().unwrap_or_else(Instant::now);
    let millis = |moment: Instant| moment.duration_since(start).as_secs_f64() * 1_000.0;
    let mut calls: Vec<_> = history.iter().collect();
    calls.sort_by_key(|call| call.begun);
    let line = |call: &&Call| {
        format!(
            "{:9.3} {:9.3}  {:?} -> {:?}\n",
            millis(call.begun),
            millis(call.answered),
            call.ask,
            call.said
        )
    };
    calls.iter().map(line).collect()
}
