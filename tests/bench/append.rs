//! Durable appends of single commands by many callers, against the same store fed in batches and against the bare disk.

use std::fs::File;
use std::io::Write as _;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::{Duration, Instant};

use keyledger_event_log::{
    Append, AppendError, Claim, EventLog, Lane, LogIdentity, NewEvent, Revision, StreamName,
};
use keyledger_event_log_postgres::PostgresLog;
use keyledger_event_log_sqlite::SqliteLog;
use keyledger_tests::Postgres;
use tokio::runtime::Runtime;
use tokio::task::JoinSet;
use uuid::Uuid;

use crate::report::{Table, row};
use crate::scale::Scale;
use crate::statistics::{grouped, median, median_ratio};

/// How many bytes the parts of an event have: those of a creation.
const PUBLIC: usize = 560;
const PRIVATE: usize = 180;
const MAC: usize = 36;

/// How many callers append at a time, and how large the batches of the one caller are.
const GROUPS: [usize; 3] = [1, 8, 64];

/// On the embedded log, and beside the bare disk.
pub(crate) fn measure(home: &Path, scale: &Scale) -> anyhow::Result<Table> {
    let mut table = Table::of_ratios("Durable appends, events a second");
    let runtime = Runtime::new()?;
    let log: Arc<dyn EventLog> = Arc::new(SqliteLog::create(home.join("append.db"), identity())?);
    let mut file = File::create(home.join("append.raw"))?;
    let made = Arc::new(Made::default());
    for group in GROUPS {
        let (mut rates, mut raw) = (Rates::default(), Vec::new());
        for _ in 0..scale.slices {
            rates.take(&runtime, &log, &made, group, scale)?;
            raw.push(to_file(&mut file, group, scale.slice / 4)?);
        }
        table.rows.push(rates.compared(group));
        table.rows.push(compared(group, "file and fdatasync, batches of", &rates.callers, &raw, "–"));
    }
    Ok(table)
}

/// On a PostgreSQL of its own, on this machine, with its defaults.
pub(crate) fn measure_postgres(scale: &Scale) -> anyhow::Result<Table> {
    let mut table = Table::of_ratios("Durable appends on PostgreSQL, events a second");
    let runtime = Runtime::new()?;
    let server = Postgres::start();
    let url = server.url("postgres").parse()?;
    let log = runtime.block_on(PostgresLog::create(&url, identity(), &[]))?;
    let log: Arc<dyn EventLog> = Arc::new(log);
    let made = Arc::new(Made::default());
    for group in GROUPS {
        let mut rates = Rates::default();
        for _ in 0..scale.slices {
            rates.take(&runtime, &log, &made, group, scale)?;
        }
        table.rows.push(rates.compared(group));
    }
    Ok(table)
}

fn identity() -> LogIdentity {
    LogIdentity { log: Uuid::from_u128(1), epoch: 1 }
}

/// What was reached in each slice.
#[derive(Default)]
struct Rates {
    callers: Vec<f64>,
    batches: Vec<f64>,
}

impl Rates {
    fn take(
        &mut self,
        runtime: &Runtime,
        log: &Arc<dyn EventLog>,
        made: &Arc<Made>,
        group: usize,
        scale: &Scale,
    ) -> anyhow::Result<()> {
        self.callers.push(runtime.block_on(by_callers(log, made, group, scale.slice / 2))?);
        self.batches.push(runtime.block_on(in_batches(log, made, group, scale.slice / 2))?);
        Ok(())
    }

    fn compared(&self, group: usize) -> Vec<String> {
        compared(group, "one caller, batches of", &self.callers, &self.batches, "≥ 0.80")
    }
}

fn compared(group: usize, beside: &str, ours: &[f64], theirs: &[f64], goal: &str) -> Vec<String> {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a rate")]
    let rate = |rates: &[f64]| grouped(median(rates) as usize);
    let what = format!("{group} {}, a command each", if group == 1 { "caller" } else { "callers" });
    let beside = format!("{} ({beside} {group})", rate(theirs));
    row(what, rate(ours), beside, median_ratio(ours, theirs), goal)
}

/// Each caller appends one event, waits until it is durable, and goes on.
async fn by_callers(
    log: &Arc<dyn EventLog>,
    made: &Arc<Made>,
    callers: usize,
    time: Duration,
) -> anyhow::Result<f64> {
    let begun = Instant::now();
    let mut tasks = JoinSet::new();
    for _ in 0..callers {
        let (log, made) = (log.clone(), made.clone());
        tasks.spawn(async move {
            let mut appended = 0;
            while begun.elapsed() < time {
                log.append(made.append(1)).await?;
                appended += 1;
            }
            Ok::<usize, AppendError>(appended)
        });
    }
    let counts = tasks.join_all().await.into_iter().collect::<Result<Vec<_>, _>>()?;
    Ok(rate(counts.iter().sum(), begun))
}

/// One caller appends events together, waits until they are durable, and goes on.
async fn in_batches(
    log: &Arc<dyn EventLog>,
    made: &Arc<Made>,
    batch: usize,
    time: Duration,
) -> anyhow::Result<f64> {
    let begun = Instant::now();
    let mut appended = 0;
    while begun.elapsed() < time {
        log.append(made.append(batch)).await?;
        appended += batch;
    }
    Ok(rate(appended, begun))
}

/// What the disk allows: as many bytes, and nothing but them.
fn to_file(file: &mut File, batch: usize, time: Duration) -> anyhow::Result<f64> {
    let bytes = vec![b'x'; batch * (PUBLIC + PRIVATE + MAC)];
    let begun = Instant::now();
    let mut appended = 0;
    while begun.elapsed() < time {
        file.write_all(&bytes)?;
        file.sync_data()?;
        appended += batch;
    }
    Ok(rate(appended, begun))
}

#[expect(clippy::cast_precision_loss, reason = "figures are told to three digits")]
fn rate(events: usize, since: Instant) -> f64 {
    events as f64 / since.elapsed().as_secs_f64()
}

/// Makes events that no log holds yet.
#[derive(Default)]
struct Made(AtomicUsize);

impl Made {
    /// Events of one new stream, each with the claim that a creation takes.
    fn append(&self, events: usize) -> Append {
        let first = self.0.fetch_add(events, Relaxed);
        let numbers = first..first + events;
        // Ids follow the clock and lie side by side; prefixes are random and touch their index everywhere.
        let claims = numbers.clone().map(|number| Claim::new(format!("prefix-{:016x}", spread(number))));
        let ids = numbers.map(|number| Uuid::from_u128(number as u128 + 1));
        let event = |(revision, id)| NewEvent {
            id,
            revision: Revision::new(revision),
            public: vec![b'x'; PUBLIC],
            private: vec![b'x'; PRIVATE],
            mac: vec![b'x'; MAC],
        };
        Append {
            stream: StreamName::new(format!("key-{first:032x}")),
            claims: claims.collect(),
            events: (0..).zip(ids).map(event).collect(),
            lane: Lane::Ordinary,
        }
    }
}

/// Another number for each number, far from those of its neighbours.
fn spread(number: usize) -> u64 {
    (number as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15)
}
