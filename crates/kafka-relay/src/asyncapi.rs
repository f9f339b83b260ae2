//! The topics for whoever reads them, as an AsyncAPI document, `events/asyncapi.json`: generated here from the schemas and
//! from real records, compared with what is committed.
#![cfg(test)]

mod restored;

use std::fs;

use keyledger_domain::Timestamp;
use serde_json::{Map, Value, json};
use uuid::Uuid;

use crate::{
    Topics,
    golden::{LOG, events, facts, names, sample},
    record::Record,
};

const UUID: &str = "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}";

/// One kind of record.
struct Kind {
    /// Its name here and, before a dot, the topic's.
    name: String,
    schema_file: String,
    schema: Value,
    about: About,
    example: Record,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum About {
    /// Something happened to a key.
    KeyEvent,
    /// Something happened to the catalogue.
    CatalogueEvent,
    /// What a key is.
    Facts,
}

/// Every kind of record: one for each schema, so that none can be forgotten.
fn kinds() -> Vec<Kind> {
    names("schemas", ".schema.json").into_iter().map(kind).collect()
}

fn kind(name: String) -> Kind {
    let schema_file = format!("{name}.schema.json");
    let schema = fs::read(events().join("schemas").join(&schema_file)).expect("a schema");
    let schema: Value = serde_json::from_slice(&schema).expect("JSON");
    let (about, example) = if id(&schema).starts_with("urn:keyledger:key:") {
        (About::Facts, facts(&["KeyCreated.v1", "KeyRegenerated.v1"]))
    } else {
        // Each type of event has a sample of its own name: a test of the domain sees to it.
        let example = Record::of_event(LOG, &sample(&name), None);
        let of_catalogue = example.key == "catalogue";
        (if of_catalogue { About::CatalogueEvent } else { About::KeyEvent }, example)
    };
    Kind { name, schema_file, schema, about, example }
}

fn id(schema: &Value) -> &str {
    schema["$id"].as_str().expect("a schema has an $id")
}

/// What each header holds; those of the kind itself are more precise than those of all.
fn headers(kind: &Kind) -> Value {
    let event_type = format!("keyledger.{}", kind.name);
    let text = |pattern: String, description: &str| json!({ "type": "string", "pattern": format!("^{pattern}$"), "description": description });
    let subject = if kind.about == About::CatalogueEvent { "catalogue" } else { UUID };
    let id_of_message = match kind.about {
        About::Facts => {
            let again = "(@[1-9][0-9]*)?";
            text(
                format!("{UUID}:key{again}"),
                "The id of the event that the facts follow from, and `:key`; said again after a restore, with the new epoch behind `@`.",
            )
        }
        About::KeyEvent | About::CatalogueEvent => text(UUID.to_owned(), "The event's id."),
    };
    let mut properties = json!({
        "ce_specversion": { "const": "1.0" },
        "ce_id": id_of_message,
        "ce_source": text(format!("urn:keyledger:log:{UUID}"), "The log."),
        "ce_type": { "const": event_type },
        "ce_subject": text(subject.to_owned(), "The key, or the catalogue: the same text as the record's key."),
        "ce_time": {
            "type": "string", "format": "date-time",
            "pattern": r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z$",
            "description": "When it happened. The record's own timestamp is when it was published.",
        },
        "ce_dataschema": { "const": id(&kind.schema) },
        "content-type": { "const": "application/json" },
        "ce_position": text("[1-9][0-9]*".to_owned(), "Its place in the log, dense from 1."),
        "ce_epoch": text("[1-9][0-9]*".to_owned(), "The life of the log in which the event was written."),
    });
    if kind.about != About::CatalogueEvent {
        properties["ce_partner"] = text(
            "[A-Za-z0-9][A-Za-z0-9._-]{0,63}".to_owned(),
            "The partner whose key it is. Missing where a later release wrote the event and nothing before it tells.",
        );
    }
    let required: Vec<_> =
        properties.as_object().expect("an object").keys().filter(|name| *name != "ce_partner").collect();
    json!({ "type": "object", "properties": properties, "required": required })
}

fn message(kind: &Kind) -> Value {
    let key = match kind.about {
        About::CatalogueEvent => json!({ "const": "catalogue" }),
        About::KeyEvent | About::Facts => {
            json!({ "type": "string", "pattern": format!("^{UUID}$"), "description": "The keyId." })
        }
    };
    let payload: Value = serde_json::from_slice(&kind.example.value).expect("JSON");
    let headers_of_example: Map<_, _> =
        kind.example.headers.iter().map(|(name, value)| ((*name).to_owned(), json!(value))).collect();
    json!({
        "name": format!("keyledger.{}", kind.name),
        "title": kind.schema["title"],
        "contentType": "application/json",
        "headers": headers(kind),
        "payload": { "$ref": format!("schemas/{}", kind.schema_file) },
        "bindings": { "kafka": { "key": key } },
        "examples": [{ "headers": headers_of_example, "payload": payload }],
    })
}

fn channel<'a>(
    topic: &str,
    title: &str,
    description: &str,
    cleanup: &str,
    names: impl Iterator<Item = &'a str>,
) -> Value {
    let refer = |name: &str| (name.to_owned(), json!({ "$ref": format!("#/components/messages/{name}") }));
    json!({
        "address": topic,
        "title": title,
        "description": description,
        "messages": names.map(refer).collect::<Map<_, _>>(),
        "parameters": { "prefix": { "default": "keyledger", "description": "The setting kafka.topic_prefix." } },
        "bindings": { "kafka": { "topicConfiguration": { "cleanup.policy": [cleanup] } } },
    })
}

fn operation(channel: &str, summary: &str) -> Value {
    json!({ "action": "send", "channel": { "$ref": format!("#/channels/{channel}") }, "summary": summary })
}

fn document(kinds: &[Kind]) -> Value {
    let topics = Topics::with_prefix("PREFIX").expect("topics");
    let address = |topic: &str| topic.replace("PREFIX", "{prefix}");
    let told = restored::told();
    let names = |of_keys: bool| {
        let kinds = kinds.iter().filter(move |kind| (kind.about == About::Facts) == of_keys);
        let told = told.iter().filter(move |told| told.of_keys == of_keys);
        kinds.map(|kind| kind.name.as_str()).chain(told.map(|told| told.name))
    };
    let messages = kinds.iter().map(|kind| (kind.name.clone(), message(kind)));
    let messages: Map<_, _> =
        messages.chain(told.iter().map(|told| (told.name.to_owned(), told.message()))).collect();
    json!({
        "asyncapi": "3.0.0",
        "info": {
            "title": "keyledger on Kafka",
            "version": "1",
            "description": "What happens to API keys, without anything secret. How to read it, and what is promised: docs/kafka.md.",
            "license": { "name": "Apache-2.0", "url": "https://www.apache.org/licenses/LICENSE-2.0" },
        },
        "defaultContentType": "application/json",
        "channels": {
            "keyEvents": channel(
                &address(topics.key_events()),
                "Everything that happened",
                "Each event of the log once and in order, and where the log was restored. A message type that a reader does not know is to be passed over.",
                "delete",
                names(false),
            ),
            "keys": channel(
                &address(topics.keys()),
                "What each key is",
                "The facts of a key after each of its events; compacted, so that the last ones stay. After a restore, a record without a value for each key that never was.",
                "compact",
                names(true),
            ),
        },
        "operations": {
            "publishKeyEvents": operation("keyEvents", "keyledger publishes; consumers read with isolation.level=read_committed."),
            "publishKeys": operation("keys", "In the same transaction as the event that the facts follow from."),
        },
        "components": { "messages": messages },
    })
}

#[test]
fn the_committed_document_is_the_one_of_the_code() {
    let path = events().join("asyncapi.json");
    let document = serde_json::to_string_pretty(&document(&kinds())).expect("JSON") + "\n";
    if fs::read_to_string(&path).ok().as_ref() != Some(&document) {
        fs::write(&path, document).expect("the document");
        panic!("{} was stale and is rewritten: look at it and commit it", path.display());
    }
}

#[test]
fn the_headers_of_the_document_are_those_of_real_records_in_their_order() {
    let kinds = kinds().into_iter().map(|kind| (headers(&kind), kind.example, kind.name));
    let told = restored::told().map(|told| (told.headers(), told.example, told.name.to_owned()));
    for (described, example, of) in kinds.chain(told) {
        let described = described["properties"].as_object().expect("an object");
        let real: Vec<_> = example.headers.iter().map(|(name, _)| *name).collect();
        assert_eq!(described.keys().map(String::as_str).collect::<Vec<_>>(), real, "{of}");
        for (name, value) in &example.headers {
            assert!(holds(&described[*name], value), "{of}: {name} is {value}");
        }
    }
}

/// Whether a text is what a header's schema says, as far as can be told without an engine for patterns: whole patterns
/// are tried by the consumers of the tests, which read this document.
fn holds(schema: &Value, text: &str) -> bool {
    if let Some(only) = schema.get("const") {
        return only == text;
    }
    if schema["format"] == "date-time" {
        return Timestamp::parse(text).is_ok();
    }
    let pattern = schema["pattern"].as_str().expect("a header has a const, a format or a pattern");
    let inner = pattern.trim_start_matches('^').trim_end_matches('$');
    if let Some(literal) = inner.strip_suffix(UUID) {
        return text.strip_prefix(literal).is_some_and(|id| Uuid::try_parse(id).is_ok());
    }
    if inner.strip_suffix(":key(@[1-9][0-9]*)?") == Some(UUID) {
        let (id, again) = text.split_once(":key").unwrap_or_default();
        return Uuid::try_parse(id).is_ok() && (again.is_empty() || again.starts_with('@'));
    }
    if let Some(literal) = inner.strip_suffix("[1-9][0-9]*") {
        return text
            .strip_prefix(literal)
            .is_some_and(|rest| rest.parse::<u64>().is_ok_and(|number| number > 0));
    }
    inner == text || inner.starts_with('[') && !text.is_empty()
}

#[test]
fn the_facts_of_a_key_that_are_said_again_after_a_restore_are_as_described() {
    let kind = kind("Key.v1".to_owned());
    let headers = headers(&kind);
    for (name, value) in &kind.example.again(2).headers {
        assert!(holds(&headers["properties"][*name], value), "{name} is {value}");
    }
}

#[test]
fn a_header_that_is_not_as_described_is_noticed() {
    let kind = kind("KeyCreated.v1".to_owned());
    let headers = headers(&kind);
    let described = &headers["properties"];
    for (name, wrong) in [
        ("ce_specversion", "1"),
        ("ce_type", "keyledger.KeyCreated.v2"),
        ("ce_dataschema", "urn:keyledger:event:KeyCreated:v2"),
        ("ce_time", "yesterday"),
        ("ce_source", "urn:keyledger:log:1"),
        ("ce_id", ""),
    ] {
        assert!(!holds(&described[name], wrong), "{name}");
    }
}
