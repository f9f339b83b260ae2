use std::time::Duration;

use keyledger_tests::{Broker, Created, Record, Registry, random_bytes, settled, within};
use serde_json::{Value, json};

/// How long the relay may take on a busy machine to publish what was recorded.
const PATIENCE: Duration = Duration::from_secs(30);

/// A prefix of topics that no other test has.
pub(crate) fn own_prefix() -> String {
    format!("t{}", hex::encode(random_bytes::<6>()))
}

/// The settings of a registry that publishes to a broker, by their names in the environment.
pub(crate) fn publishing(broker: &Broker, prefix: &str) -> Vec<(String, String)> {
    let setting = |name: &str, value: &str| (format!("KEYLEDGER_KAFKA__{name}"), value.to_owned());
    vec![setting("BROKERS", &broker.address()), setting("TOPIC_PREFIX", prefix)]
}

/// Starts a registry with settings.
#[track_caller]
pub(crate) fn registry_with(settings: &[(String, String)]) -> Registry {
    let settings: Vec<_> = settings.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    Registry::with(&settings)
}

/// What `/readyz` of a registry tells about its relay.
#[track_caller]
pub(crate) fn relay_of(registry: &Registry) -> Value {
    let roles = registry.ops().get("/readyz").send().json();
    let roles = roles["roles"].as_array().expect("roles").clone();
    roles.into_iter().find(|role| role["role"] == "relay").expect("a relay among the roles")
}

/// Waits until the relay of a registry has published everything that was recorded, and tells the head.
#[track_caller]
pub(crate) fn published(registry: &Registry) -> u64 {
    let head = registry.operator().get("/v1/scopes").send().expecting(200).position();
    let done = within(PATIENCE, || (relay_of(registry)["position"].as_u64()? >= head).then_some(()));
    assert!(done.is_some(), "not published: {}\n{}", relay_of(registry), registry.stderr());
    head
}

/// One of every command, on a key with an overlap, one that was revoked and one that never changed. All of them answer with
/// a name that only they have.
pub(crate) fn every_command(registry: &Registry, name: &str) -> Vec<Created> {
    let operator = registry.operator();
    let changed = registry.create("acme", name, &["client:read"]);
    let body = json!({ "name": format!("{name} II"), "scopes": ["client:read", "site:write"],
        "throttle": { "ratePerSecond": 50, "burst": 100 }, "expiresAt": "2099-01-31T12:00:00Z" });
    operator.patch(&changed.path(), &body).send().expecting(200);
    let regenerated = registry.regenerate(&changed, 3_600);
    operator.post(&changed.at("end-overlap"), &json!({})).send().expecting(200);
    let again = registry.regenerate(&changed, 3_600);
    let body = json!({ "expiresAt": null, "throttle": null });
    operator.patch(&changed.path(), &body).send().expecting(200);
    let revoked = registry.create("globex", name, &["user:read"]);
    operator
        .post(&revoked.at("revoke"), &json!({ "reason": format!("{name} leaked") }))
        .send()
        .expecting(200);
    let kept = registry.create("acme", name, &["address:read"]);
    let mut catalogue = operator.get("/v1/scopes").send().expecting(200).json();
    catalogue["resources"][0]["describe"]["read"] = json!("Read conversations");
    operator.put("/v1/scopes", &json!({ "resources": catalogue["resources"] })).send().expecting(200);
    vec![changed, regenerated, again, revoked, kept]
}

/// The records of the topic of every event.
#[track_caller]
pub(crate) fn key_events(broker: &Broker, prefix: &str) -> Vec<Record> {
    settled(broker, &format!("{prefix}.key-events.v1"))
}

/// The records of the topic of keys.
#[track_caller]
pub(crate) fn keys(broker: &Broker, prefix: &str) -> Vec<Record> {
    settled(broker, &format!("{prefix}.keys.v1"))
}

/// The positions that records tell of, in their order.
#[track_caller]
pub(crate) fn positions(records: &[Record]) -> Vec<u64> {
    let position =
        |record: &Record| record.header("ce_position").expect("a position").parse().expect("a number");
    records.iter().map(position).collect()
}
