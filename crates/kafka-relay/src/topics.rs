use std::{collections::HashMap, fmt, time::Duration};

use rdkafka::{
    admin::{AdminClient, AdminOptions, NewTopic, ResourceSpecifier, TopicReplication},
    consumer::{BaseConsumer, Consumer as _},
    error::RDKafkaErrorCode,
};

use crate::{
    Cluster, StopReason,
    client_context::Context,
    stop_reason::{Trouble, cannot_reach},
};

/// The three topics that belong together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Topics {
    prefix: String,
    key_events: String,
    keys: String,
    checkpoint: String,
}

/// The text cannot begin the name of a topic.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("is not a prefix of topics: give 1 to 200 of the letters a-z and A-Z, digits, dots, _ and -")]
pub struct InvalidPrefix;

/// How a topic forgets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Cleanup {
    /// What is old goes, as its operator says.
    Delete,
    /// The last record of each key stays.
    Compact,
}

impl fmt::Display for Cleanup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Delete => "delete",
            Self::Compact => "compact",
        })
    }
}

/// How long the brokers may take for an answer about topics.
const PATIENCE: Duration = Duration::from_secs(10);

/// How long the first answer may take. It is short, since whoever wants the relay to end waits for it.
const FIRST_ANSWER: Duration = Duration::from_secs(5);

/// How long is waited before brokers are asked once more for a topic that they do not know yet.
const MOMENT: Duration = Duration::from_millis(100);

/// How long the client may take to tell why there was none.
const NEWS: Duration = Duration::from_millis(20);

impl Topics {
    /// The topics whose names begin with a prefix and a dot.
    ///
    /// # Errors
    /// [`InvalidPrefix`].
    pub fn with_prefix(prefix: &str) -> Result<Self, InvalidPrefix> {
        let fits = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
        if prefix.is_empty() || prefix.len() > 200 || !prefix.chars().all(fits) {
            return Err(InvalidPrefix);
        }
        Ok(Self {
            prefix: prefix.to_owned(),
            key_events: format!("{prefix}.key-events.v1"),
            keys: format!("{prefix}.keys.v1"),
            checkpoint: format!("{prefix}.relay-checkpoint.v1"),
        })
    }

    /// How their names begin.
    #[must_use]
    pub fn prefix(&self) -> &str {
        &self.prefix
    }

    /// Every event.
    #[must_use]
    pub fn key_events(&self) -> &str {
        &self.key_events
    }

    /// The facts of every key, compacted.
    #[must_use]
    pub fn keys(&self) -> &str {
        &self.keys
    }

    /// Up to where the relay has published, compacted, in one partition.
    #[must_use]
    pub fn checkpoint(&self) -> &str {
        &self.checkpoint
    }
}

/// Makes the topics that are missing, and looks whether all are what they must be.
pub(crate) async fn ensure(cluster: &Cluster) -> Result<(), Trouble> {
    let topics = cluster.topics();
    let consumer = reach(cluster)?;
    let admin: AdminClient<Context> =
        cluster.client().create_with_context(Context::default()).map_err(cannot_reach)?;
    let options = AdminOptions::new().request_timeout(Some(PATIENCE)).operation_timeout(Some(PATIENCE));
    create_missing(cluster, &admin, &options).await?;
    // A topic that was made a moment ago is not known to every broker yet.
    let mut patience = 20;
    while let Err(trouble) = must_have_partitions(cluster, &consumer) {
        if patience == 0 || matches!(trouble, Trouble::Stop(_)) {
            return Err(trouble);
        }
        patience -= 1;
        tokio::time::sleep(MOMENT).await;
    }
    let names = [topics.key_events(), topics.keys(), topics.checkpoint()];
    let asked = names.map(ResourceSpecifier::Topic);
    let described = admin.describe_configs(&asked, &options).await.map_err(cannot_reach)?;
    let wanted = [Cleanup::Delete, Cleanup::Compact, Cleanup::Compact];
    for ((name, wanted), described) in names.into_iter().zip(wanted).zip(described) {
        let described = described.map_err(|code| cannot_ask(name, code))?;
        let entries: HashMap<_, _> = described.entry_map();
        // Who may not know gets an empty answer.
        let found = entries.get("cleanup.policy").and_then(|entry| entry.value.as_deref());
        let found = found.ok_or_else(|| cannot_ask(name, RDKafkaErrorCode::TopicAuthorizationFailed))?;
        if found != wanted.to_string() {
            return Err(refused(format!(
                "the topic {name} has cleanup.policy={found}, and {wanted} is needed: change it, or publish to other topics \
                 with kafka.topic_prefix"
            )));
        }
    }
    Ok(())
}

/// A client that has had an answer from a broker.
fn reach(cluster: &Cluster) -> Result<BaseConsumer<Context>, Trouble> {
    let consumer: BaseConsumer<Context> =
        cluster.consumer().create_with_context(Context::default()).map_err(cannot_reach)?;
    match consumer.fetch_metadata(Some(cluster.topics().checkpoint()), FIRST_ANSWER) {
        Ok(_) => Ok(consumer),
        Err(error) => {
            // Why is told apart, to whoever asks for news, and a moment later.
            for _ in 0..10 {
                let _ = consumer.poll(NEWS);
            }
            let why = consumer.context().complaint().unwrap_or_else(|| error.to_string());
            Err(Trouble::Passing(format!("Kafka does not answer: {why}")))
        }
    }
}

async fn create_missing(
    cluster: &Cluster,
    admin: &AdminClient<Context>,
    options: &AdminOptions,
) -> Result<(), Trouble> {
    let topics = cluster.topics();
    // -1 asks for the brokers' default.
    let copies = cluster.replication().unwrap_or(-1);
    let new = |name, partitions| NewTopic::new(name, partitions, TopicReplication::Fixed(copies));
    let wanted = [
        // For as long as its operator keeps it: until somebody says otherwise, for ever.
        new(topics.key_events(), cluster.partitions())
            .set("cleanup.policy", "delete")
            .set("retention.ms", "-1")
            .set("retention.bytes", "-1"),
        new(topics.keys(), cluster.partitions()).set("cleanup.policy", "compact"),
        // A record for each transaction: small segments, so that compaction keeps up.
        new(topics.checkpoint(), 1).set("cleanup.policy", "compact").set("segment.bytes", "16777216"),
    ];
    for made in admin.create_topics(&wanted, options).await.map_err(cannot_reach)? {
        match made {
            Ok(name) => tracing::info!(topic = name, "made a topic"),
            // Who may not make topics may find them made by somebody else.
            Err((
                _,
                RDKafkaErrorCode::TopicAlreadyExists
                | RDKafkaErrorCode::TopicAuthorizationFailed
                | RDKafkaErrorCode::ClusterAuthorizationFailed,
            )) => {}
            Err((name, code @ (RDKafkaErrorCode::InvalidPartitions | RDKafkaErrorCode::PolicyViolation))) => {
                return Err(refused(format!(
                    "Kafka does not make the topic {name} ({code}): correct kafka.partitions, or \
                     make it by hand"
                )));
            }
            Err((name, code)) => {
                return Err(Trouble::Passing(format!("cannot make the topic {name}: {code}")));
            }
        }
    }
    Ok(())
}

/// A key's records stand in one partition for as long as their number stays, so nobody may change it by the way.
fn must_have_partitions(cluster: &Cluster, consumer: &BaseConsumer<Context>) -> Result<(), Trouble> {
    let topics = cluster.topics();
    let wanted = cluster.partitions();
    for (name, wanted) in [(topics.key_events(), wanted), (topics.keys(), wanted), (topics.checkpoint(), 1)] {
        let metadata = consumer.fetch_metadata(Some(name), PATIENCE).map_err(cannot_reach)?;
        let topic = metadata.topics().iter().find(|topic| topic.name() == name);
        let Some(topic) = topic.filter(|topic| topic.error().is_none()) else {
            let code = topic.and_then(|topic| topic.error()).map(RDKafkaErrorCode::from);
            return Err(cannot_ask(name, code.unwrap_or(RDKafkaErrorCode::UnknownTopicOrPartition)));
        };
        let found = topic.partitions().len();
        if i32::try_from(found) != Ok(wanted) {
            let what_to_do = if name == topics.checkpoint() {
                "make it anew by hand, with one, before anything is published".to_owned()
            } else {
                format!(
                    "set kafka.partitions = {found} where nothing was published with {wanted} yet, or publish to other topics \
                     with kafka.topic_prefix"
                )
            };
            return Err(refused(format!(
                "the topic {name} has {found} partitions, and {wanted} are expected: {what_to_do}"
            )));
        }
    }
    Ok(())
}

fn cannot_ask(topic: &str, code: RDKafkaErrorCode) -> Trouble {
    Trouble::Passing(format!("Kafka does not tell about the topic {topic}: {code}"))
}

fn refused(why: String) -> Trouble {
    Trouble::Stop(StopReason::Topics(why))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_topics_are_named_after_their_prefix() {
        let topics = Topics::with_prefix("acme.keyledger").expect("topics");
        assert_eq!(topics.key_events(), "acme.keyledger.key-events.v1");
        assert_eq!(topics.keys(), "acme.keyledger.keys.v1");
        assert_eq!(topics.checkpoint(), "acme.keyledger.relay-checkpoint.v1");
    }

    #[test]
    fn what_kafka_would_not_take_is_no_prefix() {
        for bad in ["", "a b", "a/b", "köln", &"x".repeat(201)] {
            assert_eq!(Topics::with_prefix(bad), Err(InvalidPrefix), "{bad}");
        }
    }
}
