use rdkafka::ClientConfig;

use crate::Topics;

/// How to reach Kafka, and where in it to publish.
#[derive(Clone)]
pub struct Cluster {
    brokers: String,
    topics: Topics,
    partitions: i32,
    replication: Option<i32>,
    properties: Vec<(String, String)>,
}

/// A property of the Kafka client that may not be set from outside, or is none.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Misconfigured {
    /// What is promised depends on it.
    #[error("{0} is not for you to set: the relay's promises depend on its value")]
    Reserved(String),
    /// The client knows no such property, or not this value for it.
    #[error("the Kafka client does not take {name}: {why}")]
    Refused {
        /// The property.
        name: String,
        /// Why not, without its value.
        why: &'static str,
    },
}

/// What exactness, or the reading of the own topics, depends on; and what settings say.
const RESERVED: &[&str] = &[
    "acks",
    "allow.auto.create.topics",
    "auto.offset.reset",
    "bootstrap.servers",
    "check.crcs",
    "client.rack",
    "delivery.report.only.error",
    "enable.auto.commit",
    "enable.auto.offset.store",
    "enable.gapless.guarantee",
    "enable.idempotence",
    "enable.partition.eof",
    "fetch.wait.max.ms",
    "group.id",
    "isolation.level",
    "max.in.flight",
    "max.in.flight.requests.per.connection",
    "message.send.max.retries",
    "metadata.broker.list",
    "partitioner",
    "request.required.acks",
    "retries",
    "transactional.id",
];

/// Second names of properties that the relay sets itself: what is said from outside holds by either.
const SECOND_NAMES: &[(&str, &str)] =
    &[("compression.codec", "compression.type"), ("queue.buffering.max.ms", "linger.ms")];

fn first_name(name: String) -> String {
    let first = SECOND_NAMES.iter().find(|(second, _)| *second == name);
    first.map_or(name, |(_, first)| (*first).to_owned())
}

impl Cluster {
    /// How many partitions a topic of events gets unless told otherwise. With one, all events stand in one order.
    pub const PARTITIONS: i32 = 1;

    /// A cluster by its bootstrap servers (`host:port`, several with commas between), with the topics that begin with a
    /// prefix, and properties of librdkafka (`security.protocol`, `sasl.username` …) for every connection.
    ///
    /// # Errors
    /// [`Misconfigured`] for a property that may not be set, or that the client does not take.
    pub fn new(
        brokers: impl Into<String>,
        topics: Topics,
        properties: Vec<(String, String)>,
    ) -> Result<Self, Misconfigured> {
        for (name, _) in &properties {
            if RESERVED.contains(&name.as_str()) {
                return Err(Misconfigured::Reserved(name.clone()));
            }
        }
        let cluster = Self {
            brokers: brokers.into(),
            topics,
            partitions: Self::PARTITIONS,
            replication: None,
            properties: properties.into_iter().map(|(name, value)| (first_name(name), value)).collect(),
        };
        cluster.check_properties()?;
        Ok(cluster)
    }

    /// The partitions that the two topics of events have, or get.
    #[must_use]
    pub fn with_partitions(self, partitions: i32) -> Self {
        Self { partitions, ..self }
    }

    /// How often each record of a topic that is made is kept; the brokers' default where nobody says.
    #[must_use]
    pub fn with_replication(self, replication: Option<i32>) -> Self {
        Self { replication, ..self }
    }

    /// The same cluster, with the topics of another prefix.
    #[must_use]
    pub fn with_topics(&self, topics: Topics) -> Self {
        Self { topics, ..self.clone() }
    }

    /// The topics.
    #[must_use]
    pub fn topics(&self) -> &Topics {
        &self.topics
    }

    /// The partitions of each topic of events.
    #[must_use]
    pub fn partitions(&self) -> i32 {
        self.partitions
    }

    pub(crate) fn replication(&self) -> Option<i32> {
        self.replication
    }

    /// The id that only one relay of these topics can hold: who takes it over, fences the one before.
    pub(crate) fn transactional_id(&self) -> String {
        format!("{}.relay", self.topics.prefix())
    }

    /// What every client has: what may be tuned, then what was said from outside, and over both what may not.
    pub(crate) fn client(&self) -> ClientConfig {
        self.tuned(&[])
    }

    fn tuned(&self, tuning: &[(&str, &str)]) -> ClientConfig {
        let mut config = ClientConfig::new();
        config
            .set("client.id", "keyledger-relay")
            // A broker that was restarted is found again before its transaction is given up.
            .set("reconnect.backoff.max.ms", "500");
        for (name, value) in tuning {
            config.set(*name, *value);
        }
        for (name, value) in &self.properties {
            config.set(name, value);
        }
        config.set("bootstrap.servers", &self.brokers);
        config
    }

    /// A reader of what was committed, that commits no offsets and is told where a partition ends.
    pub(crate) fn consumer(&self) -> ClientConfig {
        let mut config = self.client();
        config
            // It joins no group; the client wants a name all the same.
            .set("group.id", self.transactional_id())
            .set("enable.auto.commit", "false")
            .set("enable.auto.offset.store", "false")
            .set("enable.partition.eof", "true")
            .set("isolation.level", "read_committed")
            // Where nothing more is to come, that is told at once.
            .set("fetch.wait.max.ms", "20")
            .set("auto.offset.reset", "earliest")
            .set("check.crcs", "true");
        config
    }

    /// A transactional writer.
    pub(crate) fn producer(&self) -> ClientConfig {
        let mut config = self.tuned(&[
            // Measured: docs/performance.md.
            ("compression.type", "lz4"),
            ("linger.ms", "2"),
            // What waits to be sent is bounded; beyond it the log is not read on.
            ("queue.buffering.max.kbytes", "65536"),
        ]);
        config
            .set("transactional.id", self.transactional_id())
            .set("enable.idempotence", "true")
            // A topic that somebody removes does not come back by itself, without what the relay asks of it.
            .set("allow.auto.create.topics", "false")
            .set("acks", "all")
            // What went well need not be told of every record: a commit says it of all of them.
            .set("delivery.report.only.error", "true")
            // That of Java's clients, so that every consumer can tell the partition of a key.
            .set("partitioner", "murmur2_random");
        config
    }

    fn check_properties(&self) -> Result<(), Misconfigured> {
        for (name, value) in &self.properties {
            let mut alone = ClientConfig::new();
            alone.set(name, value);
            if let Err(error) = alone.create_native_config() {
                let why = match error {
                    rdkafka::error::KafkaError::ClientConfig(
                        rdkafka::types::RDKafkaConfRes::RD_KAFKA_CONF_UNKNOWN,
                        ..,
                    ) => "there is no such property",
                    // Its own words quote the value, which may be a password.
                    _ => "its value is not one that this property can have",
                };
                return Err(Misconfigured::Refused { name: name.clone(), why });
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cluster(name: &str, value: &str) -> Result<Cluster, Misconfigured> {
        let topics = Topics::with_prefix("keyledger").expect("topics");
        Cluster::new("127.0.0.1:9092", topics, vec![(name.to_owned(), value.to_owned())])
    }

    #[test]
    fn what_the_promises_depend_on_cannot_be_set_from_outside() {
        for name in RESERVED {
            assert_eq!(cluster(name, "1").err(), Some(Misconfigured::Reserved((*name).to_owned())));
        }
        let own = cluster("security.protocol", "SASL_SSL").expect("a cluster");
        let (producer, consumer) = (own.producer(), own.consumer());
        assert_eq!(producer.get("security.protocol"), Some("SASL_SSL"));
        assert_eq!(consumer.get("security.protocol"), Some("SASL_SSL"));
        assert_eq!(producer.get("transactional.id"), Some("keyledger.relay"));
        assert_eq!(consumer.get("isolation.level"), Some("read_committed"));
    }

    #[test]
    fn a_property_that_the_client_does_not_take_is_named_and_its_value_is_not() {
        let refused = cluster("sasl.pasword", "hunter2").err().expect("a refusal").to_string();
        assert_eq!(refused, "the Kafka client does not take sasl.pasword: there is no such property");
        let refused = cluster("socket.timeout.ms", "hunter2").err().expect("a refusal").to_string();
        assert!(refused.contains("socket.timeout.ms") && !refused.contains("hunter2"), "{refused}");
    }

    #[test]
    fn a_password_reaches_every_client() {
        let own = cluster("sasl.password", "hunter2").expect("a cluster");
        for config in [own.client(), own.consumer(), own.producer()] {
            assert_eq!(config.get("sasl.password"), Some("hunter2"));
            assert!(!format!("{config:?}").contains("hunter2"), "it is printed");
        }
    }

    #[test]
    fn throughput_may_be_tuned_from_outside() {
        for name in ["compression.type", "compression.codec"] {
            let own = cluster(name, "none").expect("a cluster");
            assert_eq!(own.producer().get("compression.type"), Some("none"));
            assert_eq!(own.producer().get("compression.codec"), None);
        }
    }
}
