//! How fast a log is published to Kafka, against what librdkafka's own performance tool sends to the same broker.

use std::path::Path;

use keyledger_tests::{Broker, Record, committed};

use crate::history::History;
use crate::performance_tool::{PerformanceTool, Sending};
use crate::publishing::{self, Published, To};
use crate::report::{Table, row};
use crate::scale::Scale;
use crate::statistics::{grouped, median, median_ratio, time};

/// What the relay itself sets, said to the tool too, and to both where the compression is another one.
const AS_THE_RELAY: &[(&str, &str)] = &[("linger.ms", "2"), ("queue.buffering.max.kbytes", "65536")];
const PROMISES: &[(&str, &str)] = &[("acks", "all"), ("enable.idempotence", "true")];

/// The compression of the relay, and none: the tool's records are one short text again and again, and compress to nothing.
const COMPRESSIONS: [&str; 2] = ["none", "lz4"];

/// How many events are published before anything is measured: a new Kafka is slow, and the records' sizes are taken from
/// them.
const BEFORE: usize = 10_000;

/// How many records the tool sends, in however large a run: its time counts from when it begins to connect, which is half
/// a second, while ours counts from the first commit.
const SENT: usize = 1_000_000;

/// The records that the tool is told to send.
struct Like {
    key: String,
    headers: Vec<(String, String)>,
    value: usize,
    /// With everything in the value.
    whole: usize,
}

/// Rates of one compression, of every round.
#[derive(Default)]
struct Rates {
    ours: Vec<Published>,
    /// With a key and headers as ours have.
    alike: Vec<f64>,
    /// Of values alone, as large as our records.
    plain: Vec<f64>,
}

pub(crate) fn measure(home: &Path, scale: &Scale) -> anyhow::Result<Table> {
    let tool = PerformanceTool::build();
    if let Err(why) = &tool {
        println!(
            "\n*** librdkafka's performance tool cannot be built, so the relay is measured against NOTHING:\n{why:#}\n"
        );
    }
    let small = History::make(home, BEFORE)?;
    let history = History::make(home, scale.published)?;
    let mut rates: [Rates; 2] = Default::default();
    for round in 0..scale.rounds {
        let broker = Broker::start();
        let like = publish_before(&small, &broker)?;
        for at in [round, round + 1].map(|turn| turn % 2) {
            measure_once(&history, tool.as_ref().ok(), &broker, &like, COMPRESSIONS[at], &mut rates[at])?;
        }
    }
    let mut table = Table::of_ratios("Publishing a log to Kafka, records a second");
    for (compression, rates) in COMPRESSIONS.iter().zip(&rates) {
        table.rows.extend(rows(scale, compression, rates));
    }
    Ok(table)
}

/// One after the other, on topics of their own that are gone afterwards.
fn measure_once(
    history: &History,
    tool: Option<&PerformanceTool>,
    broker: &Broker,
    like: &Like,
    compression: &str,
    rates: &mut Rates,
) -> anyhow::Result<()> {
    let properties = [AS_THE_RELAY, &[("compression.type", compression)]].concat();
    let prefix = publishing::new_prefix();
    let to = To { broker, prefix: &prefix, partitions: 1, properties: &properties };
    rates.ours.push(publishing::all(history, to)?);
    delete(broker, &prefix)?;
    let Some(tool) = tool else { return Ok(()) };
    let (brokers, properties) = (broker.address(), [PROMISES, &properties].concat());
    let send = |key, headers, size| {
        let topic = publishing::new_prefix();
        broker.create_topic(&topic, 1, &[]);
        let sending = Sending {
            brokers: &brokers,
            topic: &topic,
            records: SENT,
            size,
            key,
            headers,
            properties: &properties,
        };
        let rate = tool.send(&sending);
        broker.delete_topic(&topic);
        rate
    };
    rates.alike.push(send(Some(&like.key), &like.headers, like.value)?);
    rates.plain.push(send(None, &[], like.whole)?);
    Ok(())
}

/// Publishes a short history, and tells what its records are like.
fn publish_before(small: &History, broker: &Broker) -> anyhow::Result<Like> {
    let prefix = publishing::new_prefix();
    publishing::all(small, To { broker, prefix: &prefix, partitions: 1, properties: &[] })?;
    let topics = publishing::topics(&prefix)?;
    let records = [topics.key_events(), topics.keys()].map(|topic| committed(broker, topic)).concat();
    let mean = |size: fn(&Record) -> usize| records.iter().map(size).sum::<usize>() / records.len();
    let value = mean(|record| record.value.len());
    let around = mean(|record| {
        record.key.len() + record.headers.iter().map(|(name, value)| name.len() + value.len()).sum::<usize>()
    });
    // All have the same headers, with values of about the same length.
    let last = records.into_iter().next_back().expect("something was published");
    delete(broker, &prefix)?;
    Ok(Like { key: last.key, headers: last.headers, value, whole: value + around })
}

pub(crate) fn delete(broker: &Broker, prefix: &str) -> anyhow::Result<()> {
    let topics = publishing::topics(prefix)?;
    for topic in [topics.key_events(), topics.keys(), topics.checkpoint()] {
        broker.delete_topic(topic);
    }
    Ok(())
}

fn rows(scale: &Scale, compression: &str, rates: &Rates) -> Vec<Vec<String>> {
    let what = format!("{} events, compression {compression}", grouped(scale.published));
    let ours: Vec<_> = rates.ours.iter().map(Published::records_a_second).collect();
    // There is a goal where the same is sent: what the tool sends is compressed to nothing, and values alone are other
    // records.
    let goal = if compression == "none" { "≥ 0.50" } else { "–" };
    let beside = [
        (&rates.alike, "the tool, with as long a key and headers", goal),
        (&rates.plain, "the tool, values alone", "–"),
    ];
    let mut rows: Vec<_> = beside
        .map(|(theirs, whose, goal)| {
            if theirs.is_empty() {
                let cells = [&what, &rate(&ours), "the tool was NOT BUILT", "–", goal];
                return cells.map(str::to_owned).into();
            }
            row(
                what.clone(),
                rate(&ours),
                format!("{} ({whose})", rate(theirs)),
                median_ratio(&ours, theirs),
                goal,
            )
        })
        .into();
    let alone =
        |what: &str, figure: String| vec![format!("… {what}"), figure, "–".into(), "–".into(), "–".into()];
    let events: Vec<_> = rates.ours.iter().map(Published::events_a_second).collect();
    let starts: Vec<_> = rates.ours.iter().map(|run| run.start.as_nanos() as f64).collect();
    rows.push(alone("events a second", rate(&events)));
    rows.push(alone("from the start to the first commit", time(median(&starts))));
    rows
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a rate")]
pub(crate) fn rate(rates: &[f64]) -> String {
    grouped(median(rates) as usize)
}
