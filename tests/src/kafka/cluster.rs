//! What is asked of a broker as an administrator.

use std::time::Duration;

use rdkafka::ClientConfig;
use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, TopicReplication};
use rdkafka::client::DefaultClientContext;
use rdkafka::consumer::{BaseConsumer, Consumer};

use crate::within;

/// How long a broker may take to answer on a busy machine.
const ANSWER: Duration = Duration::from_secs(30);

/// How long a broker that starts may take to answer before it is asked anew.
const EARLY_ANSWER: Duration = Duration::from_secs(2);

/// Whether it tells of itself and of a leader for each partition.
pub(super) fn is_ready(config: &ClientConfig) -> bool {
    let consumer: BaseConsumer = config.create().expect("a consumer");
    consumer.fetch_metadata(None, EARLY_ANSWER).is_ok_and(|metadata| {
        let mut partitions = metadata.topics().iter().flat_map(|topic| topic.partitions());
        !metadata.brokers().is_empty() && partitions.all(|partition| partition.leader() >= 0)
    })
}

#[track_caller]
pub(super) fn create_topic(config: &ClientConfig, topic: &str, partitions: i32, settings: &[(&str, &str)]) {
    let wanted = NewTopic::new(topic, partitions, TopicReplication::Fixed(1));
    let wanted = settings.iter().fold(wanted, |wanted, (name, value)| wanted.set(name, value));
    let admin: AdminClient<DefaultClientContext> = config.create().expect("an administrator");
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    let options = AdminOptions::new().operation_timeout(Some(ANSWER));
    let answers = runtime.block_on(admin.create_topics([&wanted], &options)).expect("it answers");
    assert!(answers.iter().all(Result::is_ok), "{topic}: {answers:?}");
    // It is made now, but for a moment a client may still be told otherwise.
    let led = || {
        is_ready(config) && partitions_now(&config.create().expect("a consumer"), topic) == Some(partitions)
    };
    assert!(within(ANSWER, || led().then_some(())).is_some(), "nobody leads {topic}");
}

#[track_caller]
pub(super) fn delete_topic(config: &ClientConfig, topic: &str) {
    let admin: AdminClient<DefaultClientContext> = config.create().expect("an administrator");
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    let options = AdminOptions::new().operation_timeout(Some(ANSWER));
    let answers = runtime.block_on(admin.delete_topics(&[topic], &options)).expect("it answers");
    assert!(answers.iter().all(Result::is_ok), "{topic}: {answers:?}");
    let gone = || partitions_now(&config.create().expect("a consumer"), topic).is_none();
    assert!(within(ANSWER, || gone().then_some(())).is_some(), "{topic} stays");
}

#[track_caller]
pub(super) fn partitions(config: &ClientConfig, topic: &str) -> i32 {
    partitions_of(&config.create().expect("a consumer"), topic)
}

/// How many partitions a topic has, asked by a consumer that then knows its way there.
#[track_caller]
pub(super) fn partitions_of(consumer: &BaseConsumer, topic: &str) -> i32 {
    partitions_now(consumer, topic).unwrap_or_else(|| panic!("there is no topic {topic}"))
}

fn partitions_now(consumer: &BaseConsumer, topic: &str) -> Option<i32> {
    let metadata = consumer.fetch_metadata(Some(topic), ANSWER).expect("it answers");
    let found = metadata.topics().iter().find(|found| found.name() == topic)?;
    i32::try_from(found.partitions().len()).ok().filter(|&partitions| partitions > 0)
}
