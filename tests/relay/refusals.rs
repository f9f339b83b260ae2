//! What the relay does not publish to, and what it says: topics of another log, topics that know more than the log, topics
//! that are not what they must be.

use std::fs;
use std::path::Path;

use keyledger_tests::{Broker, Registry, RoleProcess, copy_all, second_machine};
use rdkafka::message::{Header, OwnedHeaders};
use rdkafka::producer::{BaseProducer, BaseRecord, Producer as _};

use crate::SHARED;
use crate::scene::{key_events, own_prefix, published, publishing, registry_with, relay_of};

/// A registry that does not publish, and one topic prefix.
fn unpublished() -> (&'static Broker, String, Registry) {
    (SHARED.get(), own_prefix(), Registry::start())
}

/// Starts a relay that must end and say `words`.
#[track_caller]
fn is_refused(data_dir: &Path, settings: &[(String, String)], words: &[&str]) {
    RoleProcess::start("relay", data_dir, settings).expect_end(words);
}

fn send(broker: &Broker, topic: &str, position: &str) {
    let producer: BaseProducer = broker.inside().create().expect("a producer");
    let headers = OwnedHeaders::new().insert(Header { key: "ce_position", value: Some(position) });
    producer.send(BaseRecord::to(topic).key("k").payload("v").headers(headers)).expect("room for a record");
    producer.flush(std::time::Duration::from_secs(30)).expect("it is sent");
}

#[test]
fn a_topic_that_forgets_or_keeps_in_the_wrong_way_is_refused() {
    let (broker, prefix, registry) = unpublished();
    let settings = publishing(broker, &prefix);
    broker.create_topic(&format!("{prefix}.keys.v1"), 1, &[("cleanup.policy", "delete")]);
    let words = [
        &format!("the topic {prefix}.keys.v1 has cleanup.policy=delete, and compact is needed")[..],
        "kafka.topic_prefix",
    ];
    is_refused(&registry.data_dir(), &settings, &words);

    let prefix = own_prefix();
    broker.create_topic(&format!("{prefix}.key-events.v1"), 1, &[("cleanup.policy", "compact")]);
    let words =
        [&format!("the topic {prefix}.key-events.v1 has cleanup.policy=compact, and delete is needed")[..]];
    is_refused(&registry.data_dir(), &publishing(broker, &prefix), &words);
}

#[test]
fn a_topic_with_another_number_of_partitions_is_refused() {
    let (broker, prefix, registry) = unpublished();
    broker.create_topic(&format!("{prefix}.key-events.v1"), 4, &[("cleanup.policy", "delete")]);
    let words = [
        &format!("the topic {prefix}.key-events.v1 has 4 partitions, and 1 are expected")[..],
        "kafka.partitions = 4",
    ];
    is_refused(&registry.data_dir(), &publishing(broker, &prefix), &words);

    let prefix = own_prefix();
    broker.create_topic(&format!("{prefix}.relay-checkpoint.v1"), 2, &[("cleanup.policy", "compact")]);
    let words = [&format!("the topic {prefix}.relay-checkpoint.v1 has 2 partitions, and 1 are expected")[..]];
    is_refused(&registry.data_dir(), &publishing(broker, &prefix), &words);
}

#[test]
fn the_topics_of_another_log_are_refused() {
    let (broker, prefix, other) = unpublished();
    let registry = registry_with(&publishing(broker, &prefix));
    let head = published(&registry);
    let words =
        [&format!("the topic {prefix}.relay-checkpoint.v1 was filled from log ")[..], "kafka.topic_prefix"];
    is_refused(&other.data_dir(), &publishing(broker, &prefix), &words);
    assert_eq!(key_events(broker, &prefix).len() as u64, head, "nothing was added");
    // Who was refused has not stood in the way of whose topics they are.
    registry.create("acme", "one more", &["client:read"]);
    assert_eq!(published(&registry), head + 1);
}

#[test]
fn topics_that_are_ahead_of_the_log_are_refused_and_so_is_a_log_with_another_past() {
    let (broker, prefix, mut registry) = unpublished();
    let settings = publishing(broker, &prefix);
    // Two logs that were one until somebody put an older copy back.
    registry.stop();
    let copy = tempfile::tempdir().expect("a directory");
    let other = copy.path().join("data");
    copy_all(&registry.data_dir(), &other);
    registry.restart();
    registry.create("acme", "one", &["client:read"]);
    registry.create("acme", "two", &["client:read"]);
    let mut relay = RoleProcess::start("relay", &registry.data_dir(), &settings);
    relay.expect_live();
    relay.signal("TERM");
    assert!(
        keyledger_tests::within(std::time::Duration::from_secs(20), || relay.ended())
            .is_some_and(|it| it.success())
    );

    let words = [&format!(
        "the topic {prefix}.relay-checkpoint.v1 is ahead of the log: it holds position 4, and the log ends at 2"
    )[..]];
    is_refused(&other, &settings, &words);
    let older = Registry::in_home(copy, &[]);
    for name in ["three", "four", "five"] {
        older.create("acme", name, &["client:read"]);
    }
    is_refused(
        &other,
        &settings,
        &["holds another event at position 4 than the log", "the log's past was changed"],
    );
    assert_eq!(key_events(broker, &prefix).len(), 4, "nothing was added");
}

#[test]
fn topics_without_their_checkpoint_and_strangers_in_them_are_refused() {
    let (broker, prefix, registry) = unpublished();
    let settings = publishing(broker, &prefix);
    let topic = format!("{prefix}.key-events.v1");
    broker.create_topic(&topic, 1, &[]);
    send(broker, &topic, "7");
    is_refused(
        &registry.data_dir(),
        &settings,
        &[&format!("the topic {topic} holds records that are not of this log")],
    );
}

#[test]
fn a_topic_of_events_that_was_emptied_by_making_it_anew_is_refused() {
    let (broker, prefix, registry) = unpublished();
    let settings = publishing(broker, &prefix);
    let mut relay = RoleProcess::start("relay", &registry.data_dir(), &settings);
    relay.expect_live();
    relay.kill();
    broker.delete_topic(&format!("{prefix}.key-events.v1"));
    is_refused(
        &registry.data_dir(),
        &settings,
        &["key-events.v1 ends at position 0, and", "it was made anew"],
    );
    broker.delete_topic(&format!("{prefix}.relay-checkpoint.v1"));
    is_refused(&registry.data_dir(), &settings, &["does not know of: a topic was deleted"]);
}

#[test]
fn a_topic_of_keys_that_was_made_anew_is_refused() {
    let (broker, prefix, registry) = unpublished();
    let settings = publishing(broker, &prefix);
    let mut relay = RoleProcess::start("relay", &registry.data_dir(), &settings);
    relay.expect_live();
    relay.kill();
    broker.delete_topic(&format!("{prefix}.keys.v1"));
    is_refused(
        &registry.data_dir(),
        &settings,
        &["keys.v1 ends at position 0, and", "up to 2 was published"],
    );
}

#[test]
fn a_topic_of_events_that_lost_its_end_is_refused() {
    let (broker, prefix, registry) = unpublished();
    let settings = publishing(broker, &prefix);
    registry.create("acme", "billing", &["client:read"]);
    let mut relay = RoleProcess::start("relay", &registry.data_dir(), &settings);
    relay.expect_live();
    relay.kill();
    let (topic, records) = (format!("{prefix}.key-events.v1"), key_events(broker, &prefix));
    broker.delete_topic(&topic);
    broker.create_topic(&topic, 1, &[]);
    crate::verifying::send(broker, &topic, &records[..records.len() - 1]);
    is_refused(
        &registry.data_dir(),
        &settings,
        &["ends at position 2, and", "up to 3 was published", "records were lost"],
    );
}

#[test]
fn in_serve_a_refusal_stops_the_relay_and_nothing_else() {
    let (broker, prefix, _) = unpublished();
    broker.create_topic(&format!("{prefix}.keys.v1"), 1, &[("cleanup.policy", "delete")]);
    let registry = registry_with(&publishing(broker, &prefix));
    let told = keyledger_tests::within(std::time::Duration::from_secs(30), || {
        let relay = relay_of(&registry);
        relay["reason"].as_str().filter(|reason| reason.starts_with("it stopped")).map(str::to_owned)
    });
    let told = told.unwrap_or_else(|| panic!("{}", relay_of(&registry)));
    assert!(told.contains("cleanup.policy=delete"), "{told}");
    registry.ops().get("/readyz").send().expecting(200);
    let key = registry.create("acme", "billing", &["client:read"]);
    registry.health(&key.secret).expecting(200);
    let metrics = registry.ops().get("/metrics").send().text();
    assert!(metrics.contains("\nkeyledger_kafka_relay_stopped 1\n"), "{metrics}");
}

#[test]
fn a_second_relay_of_one_data_directory_is_refused_by_the_first_ones_pid() {
    let (broker, prefix, registry) = unpublished();
    let settings = publishing(broker, &prefix);
    let mut first = RoleProcess::start("relay", &registry.data_dir(), &settings);
    first.expect_live();
    is_refused(&registry.data_dir(), &settings, &["keyledger relay (pid ", "already works on"]);
    assert!(first.ended().is_none());

    let serving = registry_with(&publishing(broker, &own_prefix()));
    is_refused(&serving.data_dir(), &settings, &["keyledger serve (pid ", "already works on"]);
}

#[test]
fn a_relay_without_brokers_or_with_properties_that_are_none_says_what_to_do() {
    let (broker, prefix, registry) = unpublished();
    is_refused(&registry.data_dir(), &[], &["no Kafka is set: give kafka.brokers"]);
    for (line, words) in [
        ("transactional.id=mine", "transactional.id is not for you to set"),
        ("sasl.pasword=hunter2", "the Kafka client does not take sasl.pasword: there is no such property"),
        ("nonsense", "line 1: write name=value"),
    ] {
        let file = keyledger_tests::client_file(registry.home(), &[]);
        fs::write(&file, line).expect("it is written");
        let mut settings = publishing(broker, &prefix);
        settings.push(("KEYLEDGER_KAFKA__CLIENT_FILE".to_owned(), file.to_string_lossy().into_owned()));
        let mut relay = RoleProcess::start("relay", &registry.data_dir(), &settings);
        relay.expect_end(&[words]);
        assert!(!relay.said().contains("hunter2"), "{}", relay.said());
    }
}

#[test]
fn of_two_machines_the_later_one_publishes_and_the_earlier_one_stops_and_says_why() {
    let (broker, prefix, registry) = unpublished();
    let mut settings = publishing(broker, &prefix);
    let keyring = registry.data_dir().join("keyring").to_string_lossy().into_owned();
    settings.push(("KEYLEDGER_KEYRING__PATH".to_owned(), keyring));
    let mut first = RoleProcess::start("relay", &registry.data_dir(), &settings);
    first.expect_live();
    let mut second = RoleProcess::start("relay", &second_machine(&registry.data_dir(), "second"), &settings);
    second.expect_live();
    // A quiet one notices when it has something to publish.
    registry.create("acme", "billing", &["client:read"]);
    first.expect_end(&["another relay", "has taken over", "this one stops"]);
    second.expect_live();
    assert_eq!(key_events(broker, &prefix).len(), 3);
}
