//! The broker of the tests itself: what the other tests rely on.

use std::fs;
use std::time::Duration;

use keyledger_tests::{Broker, Proxy, committed, uncommitted};
use rdkafka::ClientConfig;
use rdkafka::error::KafkaResult;
use rdkafka::message::{Header, OwnedHeaders};
use rdkafka::producer::{BaseProducer, BaseRecord, Producer};

use crate::SHARED;

const PATIENCE: Duration = Duration::from_secs(30);

fn producer(mut config: ClientConfig, settings: &[(&str, &str)]) -> BaseProducer {
    config.extend(settings.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
    config.create().expect("a producer")
}

/// Sends records to partition 0 and waits until they are acknowledged, or have failed.
fn send(producer: &BaseProducer, topic: &str, records: &[(&str, &str)]) -> KafkaResult<()> {
    for (key, value) in records {
        let headers = OwnedHeaders::new().insert(Header { key: "shape", value: Some("round") });
        let record = BaseRecord::to(topic).partition(0).key(*key).payload(*value).headers(headers);
        producer.send(record).map_err(|(error, _)| error)?;
    }
    producer.flush(PATIENCE)
}

/// The values of what a careful consumer is shown.
fn values(broker: &Broker, topic: &str) -> Vec<String> {
    committed(broker, topic)
        .into_iter()
        .map(|record| String::from_utf8(record.value).expect("values here are text"))
        .collect()
}

#[test]
fn a_record_arrives_as_it_was_sent_and_lies_on_the_disk_in_plain_text() {
    let broker = SHARED.get();
    broker.create_topic("plain", 2, &[]);
    send(&producer(broker.client(), &[]), "plain", &[("k", "seen on the disk")]).expect("it is sent");

    let records = committed(broker, "plain");
    assert_eq!(records.len(), 1);
    assert_eq!((records[0].partition, records[0].offset, records[0].key.as_str()), (0, 0, "k"));
    assert_eq!(records[0].header("shape"), Some("round"));
    assert_eq!(records[0].header("colour"), None);
    let wanted = b"seen on the disk";
    let on_disk = broker.segments().iter().any(|segment| {
        let bytes = fs::read(segment).expect("a segment can be read");
        bytes.windows(wanted.len()).any(|window| window == wanted)
    });
    assert!(on_disk, "not in {:?}", broker.segments());

    let printed =
        broker.console_consumer(&["--topic", "plain", "--from-beginning", "--max-messages", "1"]).exited(0);
    assert_eq!(printed.stdout, "seen on the disk\n");
}

#[test]
fn a_transaction_that_was_aborted_is_not_seen_by_who_reads_what_is_committed() {
    let broker = SHARED.get();
    broker.create_topic("transactions", 1, &[]);
    let producer = producer(broker.client(), &[("transactional.id", "a")]);
    producer.init_transactions(PATIENCE).expect("transactions");
    for (value, commits) in [("first", true), ("aborted", false), ("second", true)] {
        producer.begin_transaction().expect("a transaction");
        send(&producer, "transactions", &[("k", value)]).expect("it is sent");
        if commits {
            producer.commit_transaction(PATIENCE).expect("it is committed");
        } else {
            producer.abort_transaction(PATIENCE).expect("it is aborted");
        }
    }
    assert_eq!(values(broker, "transactions"), ["first", "second"]);
    assert_eq!(uncommitted(broker, "transactions").len(), 3);
}

#[test]
fn compaction_leaves_the_last_record_of_each_key() {
    let broker = SHARED.get();
    broker.create_topic("compacted", 2, Broker::COMPACTED);
    let records = [("a", "1"), ("b", "2"), ("a", "3"), ("a", "4")];
    send(&producer(broker.client(), &[]), "compacted", &records).expect("they are sent");
    broker.compact("compacted");
    assert_eq!(values(broker, "compacted"), ["2", "4"]);
}

#[test]
fn a_broker_that_was_killed_keeps_what_it_acknowledged() {
    let mut broker = Broker::start();
    broker.create_topic("kept", 1, &[]);
    let producer = producer(broker.client(), &[("acks", "all")]);
    send(&producer, "kept", &[("k", "before")]).expect("it is sent");
    broker.kill();
    broker.restart();
    assert_eq!(values(&broker, "kept"), ["before"]);
    send(&producer, "kept", &[("k", "after")]).expect("the same client finds it again");
    assert_eq!(values(&broker, "kept"), ["before", "after"]);

    broker.signal("STOP");
    producer.send(BaseRecord::to("kept").key("k").payload("held")).expect("room for a record");
    assert!(producer.flush(Duration::from_millis(500)).is_err(), "a stopped broker answers");
    broker.signal("CONT");
    producer.flush(PATIENCE).expect("it goes on");
    assert_eq!(values(&broker, "kept"), ["before", "after", "held"]);
}

#[test]
fn a_proxy_can_be_cut_and_mended_and_made_slow() {
    let proxy = Proxy::start();
    let broker = Broker::behind(&proxy, &[]);
    broker.create_topic("far", 1, &[]);
    let producer = producer(broker.client(), &[("reconnect.backoff.max.ms", "200")]);
    send(&producer, "far", &[("k", "through")]).expect("it is sent");

    proxy.cut();
    producer.send(BaseRecord::to("far").key("k").payload("held")).expect("room for a record");
    assert!(producer.flush(Duration::from_millis(500)).is_err(), "it got through a line that is cut");
    assert_eq!(values(&broker, "far"), ["through"]);
    proxy.mend();
    producer.flush(PATIENCE).expect("it is sent at last");
    assert_eq!(values(&broker, "far"), ["through", "held"]);

    let delay = Duration::from_millis(150);
    proxy.delay(delay, delay);
    let begun = std::time::Instant::now();
    send(&producer, "far", &[("k", "slow")]).expect("it is sent");
    assert!(begun.elapsed() >= 2 * delay, "{:?}", begun.elapsed());
}

#[test]
fn a_guarded_broker_lets_in_who_knows_the_password_and_nobody_else() {
    let broker = Broker::guarded();
    broker.create_topic("guarded", 1, &[]);
    send(&producer(broker.client(), &[]), "guarded", &[("k", "let in")]).expect("it is sent");
    assert_eq!(values(&broker, "guarded"), ["let in"]);

    let stranger = producer(broker.client(), &[("sasl.password", "guessed"), ("message.timeout.ms", "1500")]);
    let _ = send(&stranger, "guarded", &[("k", "from a stranger")]);
    assert_eq!(values(&broker, "guarded"), ["let in"]);
}
