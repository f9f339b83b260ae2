use std::{
    collections::{BTreeMap, HashMap},
    mem,
    sync::Arc,
    time::Duration,
};

use keyledger_event_log::{EventLog, LogIdentity, Position, PositionOrder, PublicLog, Revision, StreamName};
use keyledger_projectors::{CheckedEvent, Intake, MacKeysSource};
use rdkafka::message::Message as _;
use serde::Deserialize;
use tokio::{runtime::Handle, task};
use uuid::Uuid;

use crate::{
    Cluster, StopReason,
    checkpoint::{CheckpointRecord, Published, PublishedEvent, Publisher, Signature},
    cloud_event::{EPOCH, POSITION, source},
    lives::{Life, undone},
    look::{self, CheckpointTopic, header},
    producer::Producer,
    publish::{Waiting, commit, commit_records, wait_for},
    reading::Reading,
    record::Record,
    stop_reason::Trouble,
    topics,
    verify::partition::Partition,
};

/// For how long the brokers may be silent.
const PATIENCE: Duration = Duration::from_secs(60);

/// How topics go on with a log that was restored.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct WentOn {
    /// The life in which they go on.
    pub epoch: u32,
    /// Behind which position.
    pub after: Position,
    /// How many events had been published that never happened in that life.
    pub undone: u64,
    /// How many keys are told anew as they are in it.
    pub told_anew: u64,
    /// How many keys are taken out of the compacted topic, since they never were in it.
    pub gone: u64,
}

/// Lets topics that were filled in an earlier life of a log go on with the present one, in one transaction: it says in each
/// partition of events from where, mends what the compacted topic says of keys, and moves the checkpoint. None where they
/// are in the present life already.
///
/// # Errors
/// [`StopReason`] where the topics are not of an earlier life of this log, or do not agree with what is left of it.
pub async fn go_on(
    log: PublicLog,
    keys: MacKeysSource,
    cluster: Cluster,
    id: Uuid,
) -> Result<Option<WentOn>, StopReason> {
    let runtime = Handle::current();
    let log: Arc<dyn EventLog> = Arc::new(log);
    // The client of Kafka blocks.
    let work = task::spawn_blocking(move || {
        runtime.block_on(in_one_transaction(log, keys, &cluster, id)).map_err(|trouble| match trouble {
            Trouble::Stop(reason) => reason,
            Trouble::Passing(why) => StopReason::GaveUp(why),
        })
    });
    work.await.unwrap_or(Err(StopReason::Panicked))
}

async fn in_one_transaction(
    log: Arc<dyn EventLog>,
    keys: MacKeysSource,
    cluster: &Cluster,
    id: Uuid,
) -> Result<Option<WentOn>, Trouble> {
    topics::ensure(cluster).await?;
    let shown = CheckpointTopic::read(cluster).await?.published;
    if !is_of_an_earlier_life(shown.as_ref(), cluster, log.identity())? {
        return Ok(None);
    }
    let mut producer = Producer::new(cluster)?;
    wait_for(&mut Patiently, "to hand the topics over", Some(PATIENCE), || producer.take_over()).await?;
    let signature = Signature { by: Publisher::Relay, relay: id, takeover: 1 };
    commit(&mut producer, &[], &CheckpointRecord::Signature(signature), &mut Patiently).await?;
    // Now nobody else writes, and what they say is all of it.
    let published = look::signed(cluster, signature).await?;
    if !is_of_an_earlier_life(published.as_ref(), cluster, log.identity())? {
        return Ok(None);
    }
    let published = published.expect("it is of an earlier life");
    let plan = Plan::of(published, &log, &keys, cluster, signature).await?;
    commit_records(&mut producer, &plan.events, &plan.keys, &plan.gone, &plan.checkpoint, &mut Patiently)
        .await?;
    Ok(Some(plan.went_on))
}

fn is_of_an_earlier_life(
    published: Option<&Published>,
    cluster: &Cluster,
    own: LogIdentity,
) -> Result<bool, Trouble> {
    let topic = cluster.topics().checkpoint().to_owned();
    let Some(published) = published else {
        let nothing = format!(
            "nothing was published yet: the topic {topic} tells of nothing. Start the relay, or correct the prefix"
        );
        return Err(StopReason::Topics(nothing).into());
    };
    match look::must_be_of(published, topic, own) {
        Ok(()) => Ok(false),
        Err(StopReason::Restored { .. }) => {
            look::must_have_partitions(published, cluster)?;
            Ok(true)
        }
        Err(other) => Err(other.into()),
    }
}

/// What one transaction says.
struct Plan {
    /// The record for each partition of events.
    events: Vec<(i32, Record)>,
    keys: Vec<Record>,
    gone: Vec<Record>,
    checkpoint: CheckpointRecord,
    went_on: WentOn,
}

impl Plan {
    async fn of(
        published: Published,
        log: &Arc<dyn EventLog>,
        keys: &MacKeysSource,
        cluster: &Cluster,
        signature: Signature,
    ) -> Result<Self, Trouble> {
        let own = log.identity();
        let topic = cluster.topics().checkpoint().to_owned();
        if log.order() == PositionOrder::Sparse {
            // There a life does not begin at the positions of the one before.
            return Err(other_positions(cluster));
        }
        let end = end_of_life(&**log, keys, published.epoch).await?;
        if published.position <= end.get() {
            // The relay was behind the backup: nothing was said that did not happen.
            look::must_be_held(&published, &topic, &**log, keys).await?;
            let went_on =
                WentOn { epoch: own.epoch, after: Position::new(published.position), ..WentOn::default() };
            let checkpoint =
                CheckpointRecord::Published(Published { epoch: own.epoch, signature, ..published });
            return Ok(Self { events: Vec::new(), keys: Vec::new(), gone: Vec::new(), checkpoint, went_on });
        }
        let last = event_at(&**log, keys, end).await?.filter(|_| published.from <= end.get());
        let Some(last) = last else {
            return Err(StopReason::Topics(format!(
                "what is in the topics {}.* begins behind what is left of that life: publish to other topics with \
                 kafka.topic_prefix",
                cluster.topics().prefix()
            ))
            .into());
        };
        let event = PublishedEvent::of(last.event.id, &last.public);
        let life = Life { epoch: published.epoch, up_to: end.get(), next: own.epoch };
        let mut lives = published.lives.clone();
        lives.push(life);
        let (undone_events, first_undone) = count_undone(&published, &lives, &event, cluster, own, topic)?;
        for public in first_undone {
            must_be_unknown(&**log, &public, cluster).await?;
        }
        let told = Told::read(&published, &lives, cluster, own)?;
        let mended = told.mended(log, keys, end).await?;
        let facts = told.greatest(&mended);
        let source = source(own);
        let (mut again, mut gone) = (Vec::new(), Vec::new());
        for key in told.touched.keys() {
            match mended.get(key) {
                Some((position, facts)) => again.push((*position, facts.again(own.epoch))),
                None => gone.push(Record::of_gone(source.clone(), key, life)),
            }
        }
        // So that epoch and position rise along each partition, as consumers count on.
        again.sort_by_key(|(position, _)| *position);
        let went_on = WentOn {
            epoch: own.epoch,
            after: end,
            undone: undone_events,
            told_anew: again.len() as u64,
            gone: gone.len() as u64,
        };
        let events =
            (0..published.partitions).map(|number| (number, Record::of_restored(source.clone(), life)));
        let events = events.collect();
        let checkpoint = CheckpointRecord::Published(Published {
            epoch: own.epoch,
            position: end.get(),
            event: Some(event),
            facts,
            lives,
            signature,
            ..published
        });
        let keys = again.into_iter().map(|(_, record)| record).collect();
        Ok(Self { events, keys, gone, checkpoint, went_on })
    }
}

/// The last position of a life, or of one before it, in the log: epochs never fall, so halving finds it.
async fn end_of_life(log: &dyn EventLog, keys: &MacKeysSource, epoch: u32) -> Result<Position, Trouble> {
    let (mut within, mut beyond) = (0, log.head().await?.get() + 1);
    while beyond - within > 1 {
        let middle = within + (beyond - within) / 2;
        match event_at(log, keys, Position::new(middle)).await? {
            Some(event) if event.event.epoch <= epoch => within = middle,
            _ => beyond = middle,
        }
    }
    Ok(Position::new(within))
}

async fn event_at(
    log: &dyn EventLog,
    keys: &MacKeysSource,
    position: Position,
) -> Result<Option<CheckedEvent>, Trouble> {
    let before = Position::new(position.get().saturating_sub(1));
    let found = log.read(before, 1).await?.into_iter().find(|event| event.position == position);
    let opened = found.map(|event| CheckedEvent::open(event, &keys(), log.identity())).transpose();
    Ok(opened.map_err(keyledger_projectors::StopReason::from)?)
}

/// Counts the events that never happened, sees to it that the last one that did is the one that the topics hold there, and
/// tells the first of each partition that did not.
fn count_undone(
    published: &Published,
    lives: &[Life],
    last: &PublishedEvent,
    cluster: &Cluster,
    own: LogIdentity,
    topic: String,
) -> Result<(u64, Vec<Vec<u8>>), Trouble> {
    let end = lives.last().map_or(0, |life| life.up_to);
    let (mut undone_events, mut first_undone) = (0, Vec::new());
    for number in 0..published.partitions {
        let mut partition = Partition::open(cluster, cluster.topics().key_events(), number, own, &[])?;
        let mut known = true;
        while let Some(record) = partition.record()? {
            let Some((epoch, position)) = place(&record) else { continue };
            if header(&record, "ce_type") == Some(crate::lives::RESTORED)
                || undone(&published.lives, epoch, position)
            {
                continue;
            }
            if undone(lives, epoch, position) {
                undone_events += 1;
                if mem::replace(&mut known, false) {
                    first_undone.push(record.payload().unwrap_or_default().to_vec());
                }
            }
            let here = position.get() == end;
            if here && PublishedEvent::of(last.id, record.payload().unwrap_or_default()) != *last {
                return Err(StopReason::Different { topic, position }.into());
            }
        }
    }
    Ok((undone_events, first_undone))
}

/// Sees to it that an event that stands behind the end of its life is not in the log all the same: a log that has it numbers
/// its events in another way than the one that was published, and no position would mean to consumers what it meant.
async fn must_be_unknown(log: &dyn EventLog, public: &[u8], cluster: &Cluster) -> Result<(), Trouble> {
    #[derive(Deserialize)]
    struct Public<'a> {
        id: Uuid,
        stream: &'a str,
    }
    let Ok(Public { id, stream }) = serde_json::from_slice(public) else { return Ok(()) };
    let held = log.read_stream(&StreamName::new(stream), Revision::FIRST).await?;
    if held.iter().all(|event| event.id != id) {
        return Ok(());
    }
    Err(other_positions(cluster))
}

fn other_positions(cluster: &Cluster) -> Trouble {
    let told = format!(
        "the log holds at other positions what the topics {}.* hold, since its store numbers events in another way: \
         publish to other topics with kafka.topic_prefix",
        cluster.topics().prefix()
    );
    StopReason::Topics(told).into()
}

fn place(record: &rdkafka::message::OwnedMessage) -> Option<(u32, Position)> {
    let position = header(record, POSITION)?.parse().ok()?;
    Some((header(record, EPOCH)?.parse().ok()?, Position::new(position)))
}

/// What the compacted topic says.
struct Told {
    /// The keys of which something was said that never happened, and their partitions.
    touched: BTreeMap<String, i32>,
    /// The position that the last record of each partition tells of.
    last: Vec<u64>,
}

impl Told {
    fn read(
        published: &Published,
        lives: &[Life],
        cluster: &Cluster,
        own: LogIdentity,
    ) -> Result<Self, Trouble> {
        let (mut touched, mut last) = (BTreeMap::new(), Vec::new());
        for number in 0..published.partitions {
            let mut partition = Partition::open(cluster, cluster.topics().keys(), number, own, &[])?;
            let (mut ends, mut newest) = (0, HashMap::new());
            while let Some(record) = partition.record()? {
                let Some((epoch, position)) = place(&record) else { continue };
                ends = position.get();
                let key = String::from_utf8_lossy(record.key().unwrap_or_default()).into_owned();
                newest.insert(key, record.payload().is_some() && undone(lives, epoch, position));
            }
            touched.extend(newest.into_iter().filter(|(_, undone)| *undone).map(|(key, _)| (key, number)));
            last.push(ends);
        }
        Ok(Self { touched, last })
    }

    /// The facts of the keys that were told of, as they are at a position of the log.
    async fn mended(
        &self,
        log: &Arc<dyn EventLog>,
        keys: &MacKeysSource,
        up_to: Position,
    ) -> Result<HashMap<String, (Position, Record)>, Trouble> {
        let mut mended = HashMap::new();
        if self.touched.is_empty() {
            return Ok(mended);
        }
        let intake = Intake::behind(Position::START, Arc::clone(log), Arc::clone(keys)).await?;
        let mut reading = Reading::of(intake, Arc::clone(log), Arc::clone(keys));
        let mut reached = Position::START;
        while reached < up_to {
            for event in reading.next().await? {
                reached = event.position;
                let Some(facts) = event.facts.filter(|_| reached <= up_to) else { continue };
                if self.touched.contains_key(&facts.key) {
                    mended.insert(facts.key.clone(), (reached, facts));
                }
            }
        }
        Ok(mended)
    }

    /// The greatest position that a last record of a partition will tell of.
    fn greatest(&self, mended: &HashMap<String, (Position, Record)>) -> u64 {
        let mut last = self.last.clone();
        for partition in self.touched.values() {
            // What is said there now stands behind what stood last.
            let place = usize::try_from(*partition).ok().and_then(|number| last.get_mut(number));
            place.into_iter().for_each(|last| *last = 0);
        }
        for (key, (position, _)) in mended {
            let Some(partition) = self.touched.get(key) else { continue };
            let place = usize::try_from(*partition).ok().and_then(|number| last.get_mut(number));
            place.into_iter().for_each(|last| *last = (*last).max(position.get()));
        }
        last.into_iter().max().unwrap_or_default()
    }
}

/// Waits, and has nobody to tell.
struct Patiently;

impl Waiting for Patiently {
    async fn waited(&mut self, _: &str, _: Duration, _: Option<&str>) {}
}
