//! From the start of `keyledger serve` to its first right answer.

use std::fs;
use std::time::Instant;

use keyledger_domain::envelope::{MacKeys, Purpose};
use keyledger_read_models::PartnerKeys;

use crate::process::{Server, Workers};
use crate::replay;
use crate::report::{Table, row};
use crate::scale::Scale;
use crate::statistics::{grouped, median, median_ratio, nanos_each, time};
use crate::world::World;

/// Nanoseconds of a whole start, of every round.
pub(crate) struct Start {
    pub(crate) keys: usize,
    pub(crate) from_log: Vec<f64>,
    pub(crate) from_snapshot: Vec<f64>,
    log_limit: Vec<f64>,
    snapshot_limit: Vec<f64>,
    /// Until the lists had caught up as well, when they began with nothing.
    ready: f64,
}

pub(crate) fn measure(worlds: &[World], scale: &Scale) -> anyhow::Result<Vec<Start>> {
    worlds.iter().map(|world| of_world(world, scale)).collect()
}

fn of_world(world: &World, scale: &Scale) -> anyhow::Result<Start> {
    let rounds = scale.rounds.min(3);
    let (mut from_log, mut log_limit, mut ready) = (Vec::new(), Vec::new(), 0.0);
    for round in 1..=rounds {
        forget_read_models(world)?;
        log_limit.push(nanos_each(replay::limit(world)?, 1));
        let begun = Instant::now();
        let mut server = Server::keyledger(world, Workers::EveryCore)?;
        server.first_right_answer(&world.secrets[world.keys() - 1])?;
        from_log.push(nanos_each(begun.elapsed(), 1));
        if round == rounds {
            server.ready()?;
            ready = nanos_each(begun.elapsed(), 1);
            // It leaves the snapshot that the others start from.
            server.stop()?;
        }
    }
    let (mut from_snapshot, mut snapshot_limit) = (Vec::new(), Vec::new());
    for _ in 0..scale.rounds {
        let begun = Instant::now();
        check_snapshot(world)?;
        snapshot_limit.push(nanos_each(begun.elapsed(), 1));
        let begun = Instant::now();
        let mut server = Server::keyledger(world, Workers::EveryCore)?;
        server.first_right_answer(&world.secrets[world.keys() - 1])?;
        from_snapshot.push(nanos_each(begun.elapsed(), 1));
    }
    Ok(Start { keys: world.keys(), from_log, from_snapshot, log_limit, snapshot_limit, ready })
}

/// Leaves nothing but the log.
fn forget_read_models(world: &World) -> anyhow::Result<()> {
    PartnerKeys::remove(world.directory.join("read-models.db"))?;
    let snapshots = world.directory.join("snapshots");
    if snapshots.exists() {
        for snapshot in fs::read_dir(snapshots)? {
            fs::remove_file(snapshot?.path())?;
        }
    }
    Ok(())
}

/// What every start from a snapshot has to do: read it, and check the code at its end.
fn check_snapshot(world: &World) -> anyhow::Result<()> {
    let bytes = fs::read(world.directory.join("snapshots").join("key-index.snapshot"))?;
    let (signed, mac) = bytes.split_at(bytes.len() - MacKeys::MAC_LENGTH);
    Ok(world.keyring.macs.verify(Purpose::Snapshot, &[signed], mac)?)
}

pub(crate) fn table(starts: &[Start]) -> Table {
    let mut table = Table::of_ratios("Start of `serve` to its first right answer");
    for start in &starts[1..] {
        let keys = grouped(start.keys);
        table.rows.push(row(
            format!("{keys} keys, from a snapshot"),
            time(median(&start.from_snapshot)),
            format!("{} (reading it and checking its code)", time(median(&start.snapshot_limit))),
            median_ratio(&start.from_snapshot, &start.snapshot_limit),
            "–",
        ));
        table.rows.push(row(
            format!("{keys} keys, from the log alone"),
            time(median(&start.from_log)),
            format!("{} (reading it and checking its codes)", time(median(&start.log_limit))),
            median_ratio(&start.from_log, &start.log_limit),
            "–",
        ));
        let unpaired = || "–".to_owned();
        let what = format!("{keys} keys, from the log alone, until the lists are made as well");
        table.rows.push(vec![what, time(start.ready), unpaired(), unpaired(), unpaired()]);
    }
    table
}
