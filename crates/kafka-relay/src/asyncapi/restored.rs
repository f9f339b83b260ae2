use serde_json::{Map, Value, json};

use super::UUID;
use crate::{
    golden::LOG,
    lives::{Life, RESTORED},
    record::Record,
};

/// A restore that is told of in the examples.
const LIFE: Life = Life { epoch: 1, up_to: 4_180, next: 2 };

/// A record that a restore brings, and no event.
pub(super) struct Told {
    /// Its name here.
    pub(super) name: &'static str,
    /// Whether it is in the topic of keys, or in that of events.
    pub(super) of_keys: bool,
    pub(super) example: Record,
    title: &'static str,
    summary: &'static str,
    headers: Value,
    payload: Value,
    key: Value,
}

/// What the relay writes when topics go on with a log that was restored.
pub(super) fn told() -> [Told; 2] {
    let source = format!("urn:keyledger:log:{}", LOG.log);
    let text = |pattern: &str, description: &str| json!({ "type": "string", "pattern": format!("^{pattern}$"), "description": description });
    let of_log = text(&format!("urn:keyledger:log:{UUID}"), "The log.");
    let next = text("[1-9][0-9]*", "The life of the log that begins.");
    let restored = Told {
        name: "LogRestored.v1",
        of_keys: false,
        example: Record::of_restored(source.clone(), LIFE),
        title: "LogRestored",
        summary: "The log was restored from a backup. It is in every partition; events before it with a lower epoch and a higher position never happened.",
        headers: json!({
            "ce_specversion": { "const": "1.0" },
            "ce_id": text("restored:[1-9][0-9]*", "The same in every partition."),
            "ce_source": of_log,
            "ce_type": { "const": RESTORED },
            "ce_subject": { "const": "log" },
            "content-type": { "const": "application/json" },
            "ce_position": text("[0-9]+", "The last position of the life before that still holds."),
            "ce_epoch": next,
        }),
        payload: json!({
            "type": "object",
            "properties": {
                "epoch": { "type": "integer", "minimum": 2, "description": "As ce_epoch." },
                "after": { "type": "integer", "minimum": 0, "description": "As ce_position." },
            },
            "required": ["epoch", "after"],
        }),
        key: json!({ "const": "log" }),
    };
    let key = "018f5a3c-8000-7000-8000-000000000001";
    let gone = Told {
        name: "Key.gone",
        of_keys: true,
        example: Record::of_gone(source, key, LIFE),
        title: "A key that never was",
        summary: "A tombstone: a record without a value. The log was restored from before the key was created.",
        headers: json!({
            "ce_source": of_log,
            "ce_position": { "const": "0" },
            "ce_epoch": next,
        }),
        payload: json!({ "type": "null" }),
        key: text(UUID, "The keyId."),
    };
    [restored, gone]
}

impl Told {
    pub(super) fn headers(&self) -> Value {
        let required: Vec<_> = self.headers.as_object().expect("an object").keys().collect();
        json!({ "type": "object", "properties": self.headers, "required": required })
    }

    pub(super) fn message(&self) -> Value {
        let headers: Map<_, _> =
            self.example.headers.iter().map(|(name, value)| ((*name).to_owned(), json!(value))).collect();
        let value = &self.example.value;
        // A tombstone has no value, which no example can show but as null.
        let payload =
            if value.is_empty() { Value::Null } else { serde_json::from_slice(value).expect("JSON") };
        json!({
            "name": format!("keyledger.{}", self.name),
            "title": self.title,
            "summary": self.summary,
            "contentType": "application/json",
            "headers": self.headers(),
            "payload": self.payload,
            "bindings": { "kafka": { "key": self.key } },
            "examples": [{ "headers": headers, "payload": payload }],
        })
    }
}
