//! The JSON Schemas of the public parts, in `events/schemas`: generated here, compared with what is committed.
#![cfg(test)]

use std::{fs, path::PathBuf};

use schemars::{JsonSchema, generate::SchemaSettings};
use serde_json::{Value, json};

use super::public::{CATALOGUE_EVENT, KEY_EVENTS};
use crate::{
    Actor, Timestamp,
    event::{
        KeyCreated, KeyExpirationChanged, KeyOverlapEnded, KeyRegenerated, KeyRenamed, KeyRevoked,
        KeyScopesChanged, KeyThrottleChanged, ScopeCatalogueChanged,
    },
    key::{Key, KeyFacts},
};

fn schema_of<T: JsonSchema>() -> Value {
    schema_by::<T>(SchemaSettings::draft2020_12())
}

fn schema_by<T: JsonSchema>(settings: SchemaSettings) -> Value {
    let settings = settings.with(|settings| {
        settings.inline_subschemas = true;
        settings.meta_schema = None;
    });
    settings.into_generator().into_root_schema_for::<T>().to_value()
}

fn data_schema(event_type: &str) -> Value {
    match event_type {
        "KeyCreated" => schema_of::<KeyCreated>(),
        "KeyRegenerated" => schema_of::<KeyRegenerated>(),
        "KeyRevoked" => schema_of::<KeyRevoked>(),
        "KeyOverlapEnded" => schema_of::<KeyOverlapEnded>(),
        "KeyScopesChanged" => schema_of::<KeyScopesChanged>(),
        "KeyThrottleChanged" => schema_of::<KeyThrottleChanged>(),
        "KeyRenamed" => schema_of::<KeyRenamed>(),
        "KeyExpirationChanged" => schema_of::<KeyExpirationChanged>(),
        "ScopeCatalogueChanged" => schema_of::<ScopeCatalogueChanged>(),
        other => panic!("{other} has no schema: add it here"),
    }
}

/// The schema of the whole public part of one type of event.
fn public_schema(event_type: &str, schema_version: u32) -> Value {
    let stream = if event_type == CATALOGUE_EVENT.0 { "^catalogue$" } else { "^key-[0-9a-f-]{36}$" };
    let properties = json!({
        "id": { "type": "string", "format": "uuid" },
        "log": { "type": "string", "format": "uuid", "description": "Which log it was written to." },
        "epoch": { "type": "integer", "minimum": 1, "description": "The life of that log since its last restore." },
        "stream": { "type": "string", "pattern": stream },
        "revision": { "type": "integer", "minimum": 0, "description": "Its place in the stream, dense from 0." },
        "type": { "const": event_type },
        "schemaVersion": { "const": schema_version },
        "occurredAt": schema_of::<Timestamp>(),
        "actor": schema_of::<Actor>(),
        "requestId": { "type": "string" },
        "data": data_schema(event_type),
        "sealed": { "type": "string", "pattern": "^[0-9a-f]{64}$", "description": "SHA-256 of the private part." },
    });
    let required: Vec<_> = properties.as_object().expect("an object").keys().cloned().collect();
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": format!("urn:keyledger:event:{event_type}:v{schema_version}"),
        "title": event_type,
        "type": "object",
        "properties": properties,
        "required": required,
    })
}

/// The schema of the facts of a key, as the compacted topic of the relay holds them.
fn facts_schema() -> Value {
    // What is always written is required, also where it may be null; they are never read by us.
    let mut schema = schema_by::<KeyFacts<'static>>(SchemaSettings::draft2020_12().for_serialize());
    let version = Key::FACTS_SCHEMA_VERSION;
    schema["$schema"] = json!("https://json-schema.org/draft/2020-12/schema");
    schema["$id"] = json!(format!("urn:keyledger:key:v{version}"));
    schema["title"] = json!("Key");
    schema
}

/// Every schema that is committed, by the name of its file.
fn schemas() -> Vec<(String, Value)> {
    let of_events = KEY_EVENTS.iter().chain([&CATALOGUE_EVENT]);
    let of_events = of_events.map(|(event_type, version)| {
        (format!("{event_type}.v{version}.schema.json"), public_schema(event_type, *version))
    });
    let of_keys = (format!("Key.v{}.schema.json", Key::FACTS_SCHEMA_VERSION), facts_schema());
    of_events.chain([of_keys]).collect()
}

#[test]
fn the_committed_schemas_are_the_ones_of_the_code() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../events/schemas");
    fs::create_dir_all(&folder).expect("a folder for schemas");
    let mut stale = Vec::new();
    for (name, schema) in schemas() {
        let path = folder.join(name);
        let schema = serde_json::to_string_pretty(&schema).expect("JSON") + "\n";
        if fs::read_to_string(&path).ok().as_ref() != Some(&schema) {
            fs::write(&path, schema).expect("a schema");
            stale.push(path);
        }
    }
    assert!(
        stale.is_empty(),
        "these schemas were stale and are rewritten: look at them and commit them: {stale:?}"
    );
}
