//! What clients ask for: everything that can be done to keys, with and without an idempotency key.

use keyledger_tests::{Answer, Call, Client, Dice};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::oracle::{Place, Told};

/// Whose keys.
pub(crate) const PARTNERS: [&str; 3] = ["acme", "globex", "initech"];

const SCOPES: [&str; 4] = ["client:read", "client:write", "conversation:read", "site:write"];

/// What can be done to a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum What {
    Create,
    Regenerate,
    Edit,
    Revoke,
}

/// A command, as it is sent each time.
pub(crate) struct Command {
    what: What,
    path: String,
    body: Value,
    mark: String,
    idempotency_key: Option<String>,
}

impl Command {
    /// Something to do to one of `keys` (their paths), or a new one.
    pub(crate) fn choose(mark: String, keys: &[String], dice: &mut Dice) -> Self {
        let what = match dice.below(100) {
            _ if keys.is_empty() => What::Create,
            0..35 => What::Create,
            35..60 => What::Edit,
            60..85 => What::Regenerate,
            _ => What::Revoke,
        };
        let scopes = [*dice.pick(&SCOPES), "address:read"];
        let (path, body) = match what {
            What::Create => (
                format!("/v1/partners/{}/keys", dice.pick(&PARTNERS)),
                json!({ "name": mark, "scopes": scopes }),
            ),
            What::Regenerate => {
                let overlap = if dice.chance(50) { 0 } else { 3600 };
                let body = json!({ "overlapSeconds": overlap, "replace": "oldest" });
                (format!("{}/regenerate", dice.pick(keys)), body)
            }
            What::Edit if dice.chance(50) => (dice.pick(keys).clone(), json!({ "name": mark })),
            What::Edit => (dice.pick(keys).clone(), json!({ "name": mark, "scopes": scopes })),
            What::Revoke => (format!("{}/revoke", dice.pick(keys)), json!({ "reason": mark })),
        };
        // Only a POST takes one.
        let idempotency_key = (what != What::Edit && dice.chance(60)).then(|| format!("once-{mark}"));
        Self { what, path, body, mark, idempotency_key }
    }

    /// Whether sending it again finds out what became of it.
    pub(crate) fn can_be_repeated(&self) -> bool {
        self.idempotency_key.is_some()
    }

    /// The request.
    pub(crate) fn call(&self, client: &Client) -> Call {
        let method = if self.what == What::Edit { "PATCH" } else { "POST" };
        let call = client.call(method, &self.path).json(&self.body);
        match &self.idempotency_key {
            Some(key) => call.header("idempotency-key", key),
            None => call,
        }
    }

    /// What an answer tells; none where the outcome stays unknown.
    pub(crate) fn told(&self, answer: &Answer) -> Option<Told> {
        let key = match answer.status {
            200 | 201 => Some(place(&answer.json()["key"]).or_else(|| place(&answer.json())).expect("a key")),
            409 => None,
            503 => return None,
            status => panic!("{:?} on {} is answered {status}: {}", self.what, self.path, answer.text()),
        };
        let secret = key.as_ref().and_then(|_| answer.json()["secret"].as_str().map(ToOwned::to_owned));
        Some(Told {
            what: self.what,
            path: self.path.clone(),
            body: self.body.clone(),
            mark: self.mark.clone(),
            idempotency_key: self.idempotency_key.clone(),
            key,
            secret,
        })
    }
}

fn place(key: &Value) -> Option<Place> {
    serde_json::from_value(key.clone()).ok()
}
