use keyledger_event_log::LogIdentity;
use rdkafka::message::Message as _;
use tokio::{runtime::Handle, task};
use uuid::Uuid;

use crate::{Cluster, StopReason, look::CheckpointTopic, stop_reason::Trouble, verify::partition::Partition};

/// What topics tell, from their first record to their end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Said<'a> {
    /// The public part of an event.
    Event(&'a [u8]),
    /// What a key is.
    Key(&'a [u8]),
}

/// Up to where topics tell of a log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Heard {
    /// In which life of it.
    pub epoch: u32,
    /// Up to which position.
    pub position: u64,
}

/// Reads everything that the topics of `cluster` tell of a log, also of lives of it that ended. What is published carries no
/// codes: whoever may write to the topics can have said it.
///
/// # Errors
/// [`StopReason`] where nothing was published, or another log, or the brokers do not answer.
pub async fn told(
    cluster: Cluster,
    log: Uuid,
    on_said: impl FnMut(Said<'_>) + Send + 'static,
) -> Result<Heard, StopReason> {
    let runtime = Handle::current();
    // The client of Kafka blocks.
    let work = task::spawn_blocking(move || {
        runtime.block_on(hear(&cluster, log, on_said)).map_err(|trouble| match trouble {
            Trouble::Stop(reason) => reason,
            Trouble::Passing(why) => StopReason::Topics(why),
        })
    });
    work.await.unwrap_or(Err(StopReason::Panicked))
}

async fn hear(cluster: &Cluster, log: Uuid, mut on_said: impl FnMut(Said<'_>)) -> Result<Heard, Trouble> {
    let topics = cluster.topics();
    let Some(published) = CheckpointTopic::read(cluster).await?.published.filter(|it| it.log == log) else {
        return Err(StopReason::Topics(format!(
            "the topics {}.* tell nothing of log {log}: correct kafka.topic_prefix",
            topics.prefix()
        ))
        .into());
    };
    let identity = LogIdentity { log, epoch: published.epoch };
    for number in 0..published.partitions {
        let mut events = Partition::open(cluster, topics.key_events(), number, identity, &[])?;
        while let Some(record) = events.record()? {
            record.payload().into_iter().for_each(|value| on_said(Said::Event(value)));
        }
        let mut keys = Partition::open(cluster, topics.keys(), number, identity, &[])?;
        while let Some(record) = keys.record()? {
            record.payload().into_iter().for_each(|value| on_said(Said::Key(value)));
        }
    }
    Ok(Heard { epoch: published.epoch, position: published.position })
}
