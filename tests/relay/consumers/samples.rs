use std::fs;
use std::path::PathBuf;

use rdkafka::message::{Header, OwnedHeaders};
use rdkafka::producer::{BaseProducer, BaseRecord};
use serde_json::Value;

/// A record as it is frozen in `events/samples`.
#[derive(Clone)]
pub(super) struct Sample {
    name: String,
    key: String,
    headers: Vec<(String, String)>,
    value: String,
}

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../events/samples")
}

impl Sample {
    /// Every one that is frozen.
    pub(super) fn all() -> Vec<Self> {
        let files = fs::read_dir(folder().join("kafka")).expect("the samples");
        let names = files.map(|file| file.expect("a file").file_name().into_string().expect("a plain name"));
        let names = names.filter_map(|name| name.strip_suffix(".headers.json").map(str::to_owned));
        names.map(|name| Self::named(&name)).collect()
    }

    fn named(name: &str) -> Self {
        let text = |path: String| fs::read_to_string(folder().join(path));
        let head = text(format!("kafka/{name}.headers.json")).expect("its key and headers");
        let head: Value = serde_json::from_str(&head).expect("JSON");
        let string = |value: &Value| value.as_str().expect("a text").to_owned();
        let headers = head["headers"].as_array().expect("a list of headers");
        let value = text(format!("kafka/{name}.value.json")).or_else(|_| text(format!("{name}.public.json")));
        Self {
            name: name.to_owned(),
            key: string(&head["key"]),
            headers: headers.iter().map(|pair| (string(&pair[0]), string(&pair[1]))).collect(),
            value: value.expect("its value"),
        }
    }

    /// Whether it tells what a key is.
    pub(super) fn is_facts(&self) -> bool {
        self.name.starts_with("Key.")
    }

    pub(super) fn send(&self, producer: &BaseProducer, topic: &str) {
        let add = |headers: OwnedHeaders, (key, value): &(String, String)| {
            headers.insert(Header { key, value: Some(value) })
        };
        let headers = self.headers.iter().fold(OwnedHeaders::new(), add);
        let record = BaseRecord::to(topic).key(&self.key).payload(&self.value).headers(headers);
        producer.send(record).map_err(|(error, _)| error).expect("room for a record");
    }

    fn with_value(mut self, from: &str, to: &str) -> Self {
        assert!(self.value.contains(from), "{from} in {}", self.value);
        self.value = self.value.replace(from, to);
        self
    }

    fn with_header(mut self, name: &str, value: &str) -> Self {
        let header = self.headers.iter_mut().find(|header| header.0 == name).expect("the header");
        value.clone_into(&mut header.1);
        self
    }
}

/// Records that are wrong in one place, and what must be said of each.
pub(super) fn wrong() -> Vec<(Sample, &'static str)> {
    let created = || Sample::named("KeyCreated.v1");
    let facts = || Sample::named("Key.v1.overlap");
    let mut without_id = created();
    without_id.headers.remove(1);
    let mut swapped = created();
    swapped.headers.swap(0, 1);
    let mut other_key = created();
    other_key.key = other_key.key.replace("0001", "0002");
    vec![
        (
            created().with_value("\"ratePerSecond\":10", "\"ratePerSecond\":0"),
            "body.data.throttle.ratePerSecond: 0 is less",
        ),
        (created().with_value("\"prefix\":\"hT4kQ9xZ\",", ""), "body.data: 'prefix' is a required property"),
        (created().with_value("\"id\":\"019b76da", "\"id\":\"x19b76da"), "body.id: 'x19b76da"),
        (
            created().with_value("\"occurredAt\":\"2026-01-01T", "\"occurredAt\":\"2026-13-01T"),
            "body.occurredAt: '2026-13-01T",
        ),
        (created().with_value("\"epoch\":1", "\"epoch\":2"), "ce_epoch: it is 1, and the body says 2"),
        (created().with_value("{", "["), "its body cannot be read"),
        (created().with_header("ce_position", "01"), "headers.ce_position: '01'"),
        (created().with_header("ce_time", "2026-01-01T00:00:00Z"), "headers.ce_time: '2026-01-01T00:00:00Z'"),
        (
            created().with_header("ce_partner", "umbrella"),
            "ce_partner: it is umbrella, and the body says acme",
        ),
        (created().with_header("ce_dataschema", "urn:keyledger:key:v1"), "headers.ce_dataschema: "),
        (
            created().with_header("ce_type", "keyledger.KeyCreated.v9"),
            "ce_type: there is no keyledger.KeyCreated.v9",
        ),
        (without_id, "headers: they are ['ce_specversion', 'ce_source'"),
        (swapped, "headers: they are ['ce_id', 'ce_specversion'"),
        (other_key, "key: it is 018f5a3c-8000-7000-8000-000000000002"),
        (facts().with_value("\"status\":\"ACTIVE\"", "\"status\":\"FINE\""), "body.status: 'FINE'"),
        (facts().with_header("ce_position", "4"), "ce_position: it is 4, and the body says 3"),
    ]
}
