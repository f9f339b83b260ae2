use keyledger_event_log::Position;
use rdkafka::error::KafkaError;
use uuid::Uuid;

/// What the relay does not go on after.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StopReason {
    /// The log cannot be followed any more.
    #[error(transparent)]
    Log(#[from] keyledger_projectors::StopReason),
    /// Another relay publishes to the same topics.
    #[error(
        "another relay ({by}) has taken over {topics}: only one may publish to them; this one stops. Stop the other one and \
         start this one again, or leave it so"
    )]
    Fenced {
        /// The topics, by their prefix.
        topics: String,
        /// The other relay.
        by: Uuid,
    },
    /// A topic is not what it must be.
    #[error("{0}")]
    Topics(String),
    /// The topics hold more than the log.
    #[error(
        "the topic {topic} is ahead of the log: it holds position {published}, and the log ends at {head}. The log's end was cut off, \
         or an older copy lies in its place: put the whole log back, or publish to other topics with kafka.topic_prefix"
    )]
    Ahead {
        /// The topic.
        topic: String,
        /// What was published.
        published: Position,
        /// Where the log ends.
        head: Position,
    },
    /// The topics were filled from another log, or another life of it.
    #[error(
        "the topic {topic} was filled from log {log}, epoch {epoch}, and this is log {own_log}, epoch {own_epoch}: publish to other \
         topics with kafka.topic_prefix"
    )]
    AnotherLog {
        /// The topic.
        topic: String,
        /// The log it was filled from.
        log: Uuid,
        /// The life of that log.
        epoch: u32,
        /// The log that is to be published.
        own_log: Uuid,
        /// Its life.
        own_epoch: u32,
    },
    /// The topics were filled in a life that the log had before it was restored.
    #[error(
        "the topic {topic} was filled in epoch {epoch} of the log, which was restored since and lives in epoch {own_epoch}: \
         `keyledger kafka continue` lets the topics go on with it, see docs/kafka.md; or publish to other topics with \
         kafka.topic_prefix"
    )]
    Restored {
        /// The topic.
        topic: String,
        /// The life in which it was filled.
        epoch: u32,
        /// The present life.
        own_epoch: u32,
    },
    /// The topics hold another event than the log.
    #[error(
        "the topic {topic} holds another event at position {position} than the log: the log's past was changed. Compare it with a copy \
         held elsewhere; `keyledger kafka verify` tells the differences"
    )]
    Different {
        /// The topic.
        topic: String,
        /// Where.
        position: Position,
    },
    /// Kafka did not take what was to be published for too long.
    #[error("{0}; what was published so far stands, and the same command goes on from there")]
    GaveUp(String),
    /// The relay panicked, which is a fault of this program.
    #[error("the relay panicked: this is a fault of keyledger, please report it with the log lines before")]
    Panicked,
}

/// Why an attempt to publish came to its end.
#[derive(Debug)]
pub(crate) enum Trouble {
    /// Trying again may help.
    Passing(String),
    /// Trying again does not help.
    Stop(StopReason),
}

impl From<keyledger_projectors::StopReason> for Trouble {
    fn from(reason: keyledger_projectors::StopReason) -> Self {
        match reason.passing() {
            Some(why) => Self::Passing(why),
            None => Self::Stop(reason.into()),
        }
    }
}

impl From<StopReason> for Trouble {
    fn from(reason: StopReason) -> Self {
        Self::Stop(reason)
    }
}

/// The words for what Kafka did not do.
pub(crate) fn cannot_reach(error: KafkaError) -> Trouble {
    Trouble::Passing(format!("Kafka does not answer: {error}"))
}

/// The words for a transaction that came to nothing. Whatever the cause, it is tried again with a new producer, after a
/// look: so nothing has to be known of the many ways in which a transaction can fail. That another relay has taken over,
/// which shows in several of them, is seen by that look.
pub(crate) fn of_producer(error: KafkaError) -> Trouble {
    Trouble::Passing(format!("Kafka did not take the transaction: {error}"))
}
