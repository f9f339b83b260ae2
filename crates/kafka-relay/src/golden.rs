//! The records of every event that was ever released, frozen in `events/samples/kafka`: files are added, never edited.
#![cfg(test)]

use std::{fs, path::PathBuf};

use keyledger_domain::{
    envelope::{MacKey, MacKeyId, MacKeys, Stream},
    event::Body,
    key::{Happened, Key, evolve},
};
use keyledger_event_log::{LogIdentity, Position, RecordedEvent, Revision, StreamName};
use keyledger_projectors::CheckedEvent;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::record::Record;

/// The log that the samples were written to.
pub(crate) const LOG: LogIdentity =
    LogIdentity { log: Uuid::from_u128(0x018f_5a3c_7d10_7abc_8def_0123_4567_89ab), epoch: 1 };

/// Facts that are frozen, by the events that they follow from.
const FACTS: &[(&str, &[&str])] = &[
    ("Key.v1", &["KeyCreated.v1", "KeyExpirationChanged.v1", "KeyRegenerated.v1", "KeyRevoked.v1"]),
    ("Key.v1.overlap", &["KeyCreated.v1", "KeyRegenerated.v1"]),
];

/// The folder of everything that is kept about events.
pub(crate) fn events() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../events")
}

/// The names of the files in a folder that end so, without that ending, in alphabetical order.
pub(crate) fn names(folder: &str, ending: &str) -> Vec<String> {
    let files = fs::read_dir(events().join(folder)).expect("a folder of events/");
    let names = files.map(|file| file.expect("a file").file_name().into_string().expect("a plain name"));
    let mut names: Vec<_> = names.filter_map(|name| name.strip_suffix(ending).map(str::to_owned)).collect();
    names.sort();
    names
}

/// A sample as the relay gets it from a log: behind as many events as its stream holds before it.
pub(crate) fn sample(name: &str) -> CheckedEvent {
    let part = |part: &str| {
        fs::read(events().join(format!("samples/{name}.{part}"))).expect("a sample has three parts")
    };
    let public = part("public.json");
    let says: Value = serde_json::from_slice(&public).expect("JSON");
    let text = |field: &str| says[field].as_str().unwrap_or_else(|| panic!("{name} has no {field}"));
    let revision = says["revision"].as_u64().expect("a revision");
    let recorded = RecordedEvent {
        position: Position::new(revision + 1),
        id: Uuid::try_parse(text("id")).expect("an id"),
        stream: StreamName::new(text("stream")),
        revision: Revision::new(revision),
        private: part("private.json"),
        mac: hex::decode(part("mac")).expect("a code"),
        public: public.clone(),
    };
    let key = |id: u32, byte| (MacKeyId(id), MacKey::new([byte; 32]));
    let keys = MacKeys::new(key(2, 2), vec![key(1, 1)]);
    CheckedEvent::open(recorded, &keys, LOG).expect("an authentic sample")
}

/// A record that tells what the key of the samples is after these events.
pub(crate) fn facts(names: &[&str]) -> Record {
    let mut key = None;
    let mut last = None;
    for event in names.iter().map(|name| sample(name)) {
        key = key_after(key, &event);
        last = Some(event);
    }
    Record::of_facts(LOG, &last.expect("an event"), &key.expect("a key"))
}

fn key_after(before: Option<Key>, event: &CheckedEvent) -> Option<Key> {
    let (Stream::Key(key_id), Body::Key(body)) = (event.event.stream, &event.event.body) else {
        panic!("{event:?} is about no key");
    };
    let (revision, position) = (event.event.revision, event.position.get());
    let happened =
        Happened { key_id, revision, position, at: event.event.occurred_at, by: &event.event.actor };
    evolve(before, Some(body), happened)
}

/// The key and the headers of a record, for people to read: a line each.
fn head(record: &Record) -> String {
    let line = |name: &str, value: &str| format!("    {}", json!([name, value]));
    let lines: Vec<_> = record.headers.iter().map(|(name, value)| line(name, value)).collect();
    format!("{{\n  \"key\": {},\n  \"headers\": [\n{}\n  ]\n}}\n", json!(record.key), lines.join(",\n"))
}

/// What is frozen under this name. What is not there yet is written and added to `missing`.
fn frozen(name: &str, today: &str, missing: &mut Vec<String>) -> String {
    let path = events().join("samples/kafka").join(name);
    fs::read_to_string(&path).unwrap_or_else(|_| {
        fs::create_dir_all(events().join("samples/kafka")).expect("a folder for samples");
        fs::write(&path, today).expect("a new sample");
        missing.push(name.to_owned());
        today.to_owned()
    })
}

#[test]
fn the_records_of_every_event_are_what_they_were_when_it_was_released() {
    let mut missing = Vec::new();
    for name in names("samples", ".public.json") {
        let event = sample(&name);
        let record = Record::of_event(LOG, &event, None);
        assert_eq!(record.value, event.public, "{name}: the value is the public part, byte for byte");
        let head = head(&record);
        assert_eq!(head, frozen(&format!("{name}.headers.json"), &head, &mut missing), "{name}");
    }
    for (name, events) in FACTS {
        let record = facts(events);
        let (head, value) = (head(&record), String::from_utf8(record.value).expect("text"));
        assert_eq!(head, frozen(&format!("{name}.headers.json"), &head, &mut missing), "{name}");
        assert_eq!(value, frozen(&format!("{name}.value.json"), &value, &mut missing), "{name}");
    }
    assert!(
        missing.is_empty(),
        "these were missing in events/samples/kafka and are written: look at them and commit them: {missing:?}"
    );
}

#[test]
fn every_frozen_record_has_an_event_or_facts_that_make_it() {
    let mut known = names("samples", ".public.json");
    known.extend(FACTS.iter().map(|(name, _)| (*name).to_owned()));
    for name in names("samples/kafka", ".headers.json") {
        assert!(known.contains(&name), "{name} is frozen, and nothing makes it any more");
    }
}
