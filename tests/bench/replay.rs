//! Replay: from the embedded log into the key index, against what cannot be left out of it.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::ensure;
use keyledger_domain::envelope::Purpose;
use keyledger_event_log::EventLog;
use keyledger_event_log_sqlite::SqliteLog;
use keyledger_projectors::Projector;
use keyledger_validator::KeyIndex;
use rusqlite::{Connection, OpenFlags};
use sha2::{Digest as _, Sha256};
use tokio::runtime::Runtime;

use crate::index::Following;
use crate::report::{Table, row};
use crate::scale::Scale;
use crate::statistics::{grouped, median, median_ratio, nanos_each, time};
use crate::world::World;

/// How long a replay may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(300);

/// Nanoseconds for each event, of every round.
pub(crate) struct Replay {
    pub(crate) keys: usize,
    pub(crate) ours: Vec<f64>,
    limit: Vec<f64>,
}

pub(crate) fn measure(worlds: &[World], scale: &Scale) -> anyhow::Result<Vec<Replay>> {
    let mut replays = Vec::new();
    for world in worlds {
        let mut replay = Replay { keys: world.keys(), ours: Vec::new(), limit: Vec::new() };
        // A few are as telling as many: each reads every event.
        for _ in 0..scale.rounds.min(3) {
            replay.limit.push(nanos_each(limit(world)?, world.keys()));
            replay.ours.push(nanos_each(once(world)?.1, world.keys()));
        }
        replays.push(replay);
    }
    Ok(replays)
}

/// Replays a log with the projector of the binary; tells the index and how long it took.
pub(crate) fn once(world: &World) -> anyhow::Result<(Arc<KeyIndex>, Duration)> {
    let following = Following::nothing_of(world);
    let index = following.index.clone();
    let macs = Arc::new(world.keyring.macs.clone());
    let log: Arc<dyn EventLog> = Arc::new(SqliteLog::open_read_only(world.log())?);
    Runtime::new()?.block_on(async {
        let head = log.head().await?;
        let begun = Instant::now();
        let projector =
            Projector::spawn(log, Arc::new(move || macs.clone()), Arc::new(Instant::now), following)?;
        ensure!(projector.applied(head, PATIENCE).await, "the projector stopped: {:?}", projector.progress());
        let took = begun.elapsed();
        projector.stop().await;
        Ok((index, took))
    })
}

/// How long it takes to read every row, to check its code and to digest its private part, and nothing else.
pub(crate) fn limit(world: &World) -> anyhow::Result<Duration> {
    let db = Connection::open_with_flags(world.log(), OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    let mut statement = db.prepare(
        "SELECT position, id, stream, revision, public, private, mac FROM events ORDER BY position",
    )?;
    let begun = Instant::now();
    let mut rows = statement.query(())?;
    while let Some(row) = rows.next()? {
        let [public, private, mac] =
            [row.get_ref(4)?.as_blob()?, row.get_ref(5)?.as_blob()?, row.get_ref(6)?.as_blob()?];
        world.keyring.macs.verify(Purpose::Event, &[public], mac)?;
        std::hint::black_box(Sha256::digest(private));
    }
    Ok(begun.elapsed())
}

pub(crate) fn table(replays: &[Replay]) -> Table {
    let mut table = Table::of_ratios("Replay of the log into the key index, for each event");
    for Replay { keys, ours, limit } in &replays[1..] {
        table.rows.push(row(
            format!("{} events, limit over ours", grouped(*keys)),
            time(median(ours)),
            format!("{} (read, code and digest only)", time(median(limit))),
            median_ratio(limit, ours),
            "≥ 0.60",
        ));
    }
    table
}
