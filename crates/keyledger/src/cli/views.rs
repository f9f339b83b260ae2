//! The answers of the management API, as far as people are shown them.

use anyhow::Context as _;
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::Value;

use crate::output::Table;

/// Reads an answer.
pub(super) fn read<T: DeserializeOwned>(answer: &Value) -> anyhow::Result<T> {
    T::deserialize(answer)
        .context("the registry's answer is not understood: use the command of the registry's own release")
}

/// A key.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Key {
    pub key_id: String,
    pub partner_id: String,
    pub name: String,
    pub prefix: String,
    scopes: Vec<String>,
    #[serde(default)]
    lost_scopes: Vec<String>,
    throttle: Throttle,
    status: String,
    created_at: String,
    #[serde(default)]
    created_by: Value,
    expires_at: Option<String>,
    regenerated_at: Option<String>,
    #[serde(default)]
    superseded_secrets: Vec<SupersededSecret>,
    revoked_at: Option<String>,
    #[serde(default)]
    revoked_by: Value,
    revocation_reason: Option<String>,
    revision: u64,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Throttle {
    rate_per_second: u32,
    burst: u32,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct SupersededSecret {
    prefix: String,
    valid_until: String,
}

impl Key {
    /// Everything about it, one field a line.
    pub(super) fn fields(&self) -> Table {
        let overlaps =
            self.superseded_secrets.iter().map(|old| format!("{} until {}", old.prefix, old.valid_until));
        let fields = [
            ("key", Some(self.key_id.clone())),
            ("partner", Some(self.partner_id.clone())),
            ("name", Some(self.name.clone())),
            ("status", Some(self.status.clone())),
            ("prefix", Some(self.prefix.clone())),
            ("scopes", Some(self.scopes())),
            (
                "throttle",
                Some(format!("{} a second, {} at once", self.throttle.rate_per_second, self.throttle.burst)),
            ),
            ("created", Some(format!("{} by {}", self.created_at, actor(&self.created_by)))),
            ("expires", Some(self.expires_at.clone().unwrap_or_else(|| "never".to_owned()))),
            ("regenerated", self.regenerated_at.clone()),
            ("overlap", Some(overlaps.collect::<Vec<_>>().join(", ")).filter(|text| !text.is_empty())),
            ("revoked", self.revoked_at.as_ref().map(|at| format!("{at} by {}", actor(&self.revoked_by)))),
            ("reason", self.revocation_reason.clone()),
            ("revision", Some(self.revision.to_string())),
        ];
        Table::of_fields(fields.into_iter().filter_map(|(name, value)| Some((name, value?))))
    }

    /// Its scopes; those that grant nothing any more are marked.
    fn scopes(&self) -> String {
        let mark = |scope: &String| {
            let lost = if self.lost_scopes.contains(scope) { "(lost)" } else { "" };
            format!("{scope}{lost}")
        };
        self.scopes.iter().map(mark).collect::<Vec<_>>().join(" ")
    }

    /// What the mark on scopes means; none where there is none.
    pub(super) fn remark(keys: &[Self]) -> Option<&'static str> {
        let marked = keys.iter().any(|key| !key.lost_scopes.is_empty());
        marked.then_some("(lost): the catalogue does not define this scope any more; it grants nothing.")
    }

    /// A table of many.
    pub(super) fn table(keys: &[Self]) -> Table {
        let mut table = Table::new(&["key", "name", "prefix", "status", "expires", "created", "scopes"]);
        for key in keys {
            let expires = key.expires_at.clone().unwrap_or_else(|| "never".to_owned());
            table.row([
                key.key_id.clone(),
                key.name.clone(),
                key.prefix.clone(),
                key.status.clone(),
                expires,
                key.created_at.clone(),
                key.scopes(),
            ]);
        }
        table
    }
}

/// The answer to create and regenerate.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Minted {
    pub key: Key,
    pub secret: Option<String>,
    /// Why there is none, and what to do.
    pub secret_note: Option<String>,
    #[serde(default = "yes")]
    pub applied: bool,
}

const fn yes() -> bool {
    true
}

/// An event and where it stands.
#[derive(Debug, Deserialize)]
pub(super) struct Positioned {
    pub position: u64,
    event: Event,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Event {
    #[serde(rename = "type")]
    event_type: String,
    stream: String,
    occurred_at: String,
    #[serde(default)]
    actor: Value,
    #[serde(default)]
    data: Value,
}

impl Positioned {
    /// The columns of [`Positioned::cells`].
    pub(super) const COLUMNS: [&'static str; 6] = ["position", "at", "type", "stream", "by", "data"];

    /// One event in a table.
    pub(super) fn cells(&self) -> [String; 6] {
        let event = &self.event;
        [
            self.position.to_string(),
            event.occurred_at.clone(),
            event.event_type.clone(),
            event.stream.clone(),
            actor(&event.actor),
            event.data.to_string(),
        ]
    }
}

/// Who did something, in two words.
fn actor(value: &Value) -> String {
    let part = |name: &str| value.get(name).and_then(Value::as_str);
    match (part("kind"), part("id")) {
        (Some(kind), Some(id)) => format!("{kind} {id}"),
        (Some(kind), None) => kind.to_owned(),
        _ => value.as_str().unwrap_or("-").to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn key() -> Value {
        json!({"keyId": "k1", "partnerId": "acme", "name": "CI", "prefix": "hT4kQ9xZ", "scopes": ["client:read"],
            "throttle": {"ratePerSecond": 10, "burst": 20}, "status": "ACTIVE", "createdAt": "2026-01-01T00:00:00.000Z",
            "createdBy": {"kind": "key", "id": "k0"}, "expiresAt": null, "regeneratedAt": null,
            "supersededSecrets": [{"prefix": "aaaaaaaa", "validUntil": "2026-01-02T00:00:00.000Z"}],
            "revokedAt": null, "revokedBy": null, "revocationReason": null, "revision": 3, "position": 9})
    }

    #[test]
    fn a_key_is_shown_with_what_it_has() {
        let shown = read::<Key>(&key()).expect("a key").fields().to_string();
        for part in ["acme", "10 a second, 20 at once", "by key k0", "never", "aaaaaaaa until 2026-01-02"] {
            assert!(shown.contains(part), "{shown}");
        }
        assert!(!shown.contains("revoked"), "{shown}");
    }

    #[test]
    fn a_scope_that_the_catalogue_lost_is_marked_wherever_it_is_shown() {
        let mut key = key();
        key["scopes"] = json!(["client:read", "site:read"]);
        let whole: Key = read(&key).expect("a key");
        key["lostScopes"] = json!(["site:read"]);
        let lost: Key = read(&key).expect("a key");
        for shown in [lost.fields().to_string(), Key::table(&[read(&key).expect("a key")]).to_string()] {
            assert!(shown.contains("client:read site:read(lost)"), "{shown}");
        }
        assert!(Key::remark(&[whole, lost]).is_some_and(|remark| remark.contains("grants nothing")));
        assert_eq!(Key::remark(&[]), None);
    }
}
