//! What the relay's settings are worth: how fast a log is published with each, what it takes on Kafka's disk, and how soon
//! a single event is there.

use std::fs;
use std::path::Path;

use keyledger_tests::Broker;

use crate::history::History;
use crate::publishing::{self, Published, To};
use crate::relay::{delete, rate};
use crate::report::Table;
use crate::scale::Scale;
use crate::statistics::{median, median_ratio, quantile, time};

/// How many single events are published with each setting in a round.
const SINGLE: usize = 40;

/// A setting, or a few together.
struct Setting(&'static str, i32, &'static [(&'static str, &'static str)]);

/// What is tried: partitions, and properties of the Kafka client. The first is what the others are compared with.
const SETTINGS: &[Setting] = &[
    Setting("as the relay is", 1, &[]),
    Setting("as the relay is, once more: the noise", 1, &[]),
    Setting("compression none", 1, &[("compression.type", "none")]),
    Setting("compression lz4", 1, &[("compression.type", "lz4")]),
    Setting("compression zstd", 1, &[("compression.type", "zstd")]),
    Setting("compression snappy", 1, &[("compression.type", "snappy")]),
    Setting("linger 0", 1, &[("linger.ms", "0")]),
    Setting("linger 2 ms", 1, &[("linger.ms", "2")]),
    Setting("linger 5 ms", 1, &[("linger.ms", "5")]),
    Setting("linger 20 ms", 1, &[("linger.ms", "20")]),
    Setting("3 partitions", 3, &[]),
];

/// What one setting led to, of every round.
#[derive(Default)]
struct Tried {
    published: Vec<Published>,
    /// Bytes on Kafka's disk for each event.
    bytes: Vec<f64>,
    single: Vec<f64>,
}

pub(crate) fn measure(home: &Path, scale: &Scale) -> anyhow::Result<Table> {
    let home = home.join("settings");
    fs::create_dir(&home)?;
    let mut history = History::make(&home, scale.published / 2)?;
    let mut short = History::make(&home, 2_000)?;
    let mut tried: Vec<_> = SETTINGS.iter().map(|_| Tried::default()).collect();
    for round in 0..scale.rounds {
        let broker = Broker::start();
        // A new Kafka is slow.
        publish(&mut short, &broker, 0, &mut Tried::default())?;
        for turn in 0..SETTINGS.len() {
            let at = (round + turn) % SETTINGS.len();
            publish(&mut history, &broker, at, &mut tried[at])?;
            single(&mut short, &broker, at, &mut tried[at])?;
        }
    }
    Ok(table(&tried))
}

fn publish(history: &mut History, broker: &Broker, at: usize, tried: &mut Tried) -> anyhow::Result<()> {
    let Setting(_, partitions, properties) = SETTINGS[at];
    let prefix = publishing::new_prefix();
    tried.published.push(publishing::all(history, To { broker, prefix: &prefix, partitions, properties })?);
    tried.bytes.push(on_disk(broker, &prefix)? / history.events() as f64);
    delete(broker, &prefix)
}

fn single(short: &mut History, broker: &Broker, at: usize, tried: &mut Tried) -> anyhow::Result<()> {
    let Setting(_, partitions, properties) = SETTINGS[at];
    let prefix = publishing::new_prefix();
    let to = To { broker, prefix: &prefix, partitions, properties };
    tried.single.extend(publishing::one_by_one(short, to, SINGLE)?);
    delete(broker, &prefix)
}

/// How many bytes the segments of a prefix's topics have.
fn on_disk(broker: &Broker, prefix: &str) -> anyhow::Result<f64> {
    let of_prefix = |file: &&std::path::PathBuf| file.to_string_lossy().contains(prefix);
    let sizes = broker
        .segments()
        .iter()
        .filter(of_prefix)
        .map(|file| Ok(fs::metadata(file)?.len()))
        .collect::<anyhow::Result<Vec<_>>>()?;
    Ok(sizes.iter().sum::<u64>() as f64)
}

fn table(tried: &[Tried]) -> Table {
    let header = [
        "setting",
        "records a second",
        "ratio",
        "bytes on disk for each event",
        "a single event until it is committed, p50",
        "p99",
    ];
    let rates = |tried: &Tried| tried.published.iter().map(Published::records_a_second).collect::<Vec<_>>();
    let rows = SETTINGS.iter().zip(tried).map(|(Setting(name, ..), of)| {
        vec![
            (*name).to_owned(),
            rate(&rates(of)),
            format!("{:.2}", median_ratio(&rates(of), &rates(&tried[0]))),
            rate(&of.bytes),
            time(median(&of.single)),
            time(quantile(&of.single, 0.99)),
        ]
    });
    Table {
        title: "What the settings of the relay are worth",
        header: header.map(str::to_owned).into(),
        rows: rows.collect(),
    }
}
