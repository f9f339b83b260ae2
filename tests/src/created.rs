use serde_json::{Value, json};

use crate::{Answer, Client, Registry};

/// A key with the secret that its creation showed.
#[derive(Clone, Debug)]
pub struct Created {
    /// The id of the key.
    pub id: String,
    /// The partner it belongs to.
    pub partner: String,
    /// The first eight characters of the secret.
    pub prefix: String,
    /// The secret.
    pub secret: String,
    /// The key as the answer told it.
    pub key: Value,
}

impl Created {
    /// What an answer with a key and its secret holds, whether 201 or 200.
    ///
    /// # Panics
    /// Where the answer is something else.
    #[must_use]
    #[track_caller]
    pub fn from_answer(answer: &Answer) -> Self {
        let json = answer.json();
        let text = |value: &Value| match value.as_str() {
            Some(text) => text.to_owned(),
            None => panic!("status {}, no key and secret: {json}", answer.status),
        };
        Self {
            id: text(&json["key"]["keyId"]),
            partner: text(&json["key"]["partnerId"]),
            prefix: text(&json["key"]["prefix"]),
            secret: text(&json["secret"]),
            key: json["key"].clone(),
        }
    }

    /// Where the key is, below `/v1`.
    #[must_use]
    pub fn path(&self) -> String {
        format!("/v1/partners/{}/keys/{}", self.partner, self.id)
    }

    /// Where something is done to the key or read of it: `revoke`, `history` …
    #[must_use]
    pub fn at(&self, what: &str) -> String {
        format!("{}/{what}", self.path())
    }
}

impl Registry {
    /// Creates a key, as the first operator.
    ///
    /// # Panics
    /// Where that is refused.
    #[track_caller]
    pub fn create(&self, partner: &str, name: &str, scopes: &[&str]) -> Created {
        self.create_from(partner, &json!({ "name": name, "scopes": scopes }))
    }

    /// Creates a key from a whole body, as the first operator.
    ///
    /// # Panics
    /// Where that is refused.
    #[track_caller]
    pub fn create_from(&self, partner: &str, body: &Value) -> Created {
        let answer = self.operator().post(&format!("/v1/partners/{partner}/keys"), body).send();
        Created::from_answer(&answer.expecting(201))
    }

    /// The management API as an admin of `partner`: a new key that may read and write its keys.
    ///
    /// # Panics
    /// Where its key is refused.
    #[must_use]
    #[track_caller]
    pub fn admin(&self, partner: &str) -> Client {
        let key = self.create(partner, "admin", &["registryKeys:read", "registryKeys:write"]);
        self.management(&key.secret)
    }

    /// Revokes a key, as the first operator.
    ///
    /// # Panics
    /// Where that is refused.
    #[track_caller]
    pub fn revoke(&self, key: &Created) -> Value {
        self.operator().post(&key.at("revoke"), &json!({})).send().expecting(200).json()
    }

    /// Regenerates a key with an overlap in seconds, as the first operator: the same key with its new secret.
    ///
    /// # Panics
    /// Where that is refused.
    #[track_caller]
    pub fn regenerate(&self, key: &Created, overlap_seconds: u64) -> Created {
        let body = json!({ "overlapSeconds": overlap_seconds });
        Created::from_answer(&self.operator().post(&key.at("regenerate"), &body).send().expecting(200))
    }

    /// The verdict of `/v1/verify` on a whole body.
    ///
    /// # Panics
    /// Where there is none.
    #[must_use]
    #[track_caller]
    pub fn verify(&self, body: &Value) -> Value {
        self.validator().post("/v1/verify", body).send().expecting(200).json()
    }
}
