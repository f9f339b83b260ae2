//! The state of the whole registry at a moment, from the index of an auditor, against reading the log.

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::ensure;
use serde_json::Value;

use crate::history::History;
use crate::process;
use crate::replay;
use crate::report::{Table, row};
use crate::scale::Scale;
use crate::statistics::{grouped, median, median_ratio, nanos_each, time};
use crate::world::{self, World};

/// How many events the log has for each key of the largest world.
const EVENTS: usize = 5;

/// What an auditor asks, and how long it took in each round.
struct Asked {
    what: &'static str,
    at: String,
    took: Vec<f64>,
}

pub(crate) fn measure(home: &Path, scale: &Scale) -> anyhow::Result<Table> {
    let events = scale.keys[2] * EVENTS;
    println!("writing a log of {} events", grouped(events));
    let History { world, log, .. } = History::make(home, events)?;
    drop(log);
    let (made, _) = state(&world, "0", &[])?;
    let (cold, first) = state(&world, &half(events), &[])?;
    let (rest, _) = state(&world, &events.to_string(), &[])?;
    let mut asked = [
        ("at the end", events.to_string()),
        ("at a position in the middle", half(events)),
        ("at a moment, nine tenths on", world::moment(events / 10 * 9).to_string()),
    ]
    .map(|(what, at)| Asked { what, at, took: Vec::new() });
    let mut limit = Vec::new();
    for _ in 0..scale.rounds {
        limit.push(nanos_each(replay::limit(&world)?, 1));
        for asked in &mut asked {
            let (took, told) = state(&world, &asked.at, &[])?;
            ensure!(asked.at != half(events) || told["digest"] == first["digest"], "one state, two digests");
            asked.took.push(nanos_each(took, 1));
        }
    }
    let (whole, told) = state(&world, &half(events), &["--no-index"])?;
    ensure!(told["digest"] == first["digest"], "the index says something else than the log");
    let mut table =
        Table::of_ratios("The state of a registry in the past: `keyledger audit state`, from start to end");
    let read = "(reading all events, code and digest only)";
    for Asked { what, took, .. } in &asked {
        let what = format!("{} events, {what}", grouped(events));
        let beside = format!("{} {read}", time(median(&limit)));
        table.rows.push(row(what, time(median(took)), beside, median_ratio(took, &limit), "≤ 2 s"));
    }
    let unpaired = |what: String, took: Duration| {
        vec![what, time(nanos_each(took, 1)), "–".to_owned(), "–".to_owned(), "–".to_owned()]
    };
    table.rows.push(unpaired("… in the middle, without an index".to_owned(), whole));
    table.rows.push(unpaired(
        format!("making the index, to the end ({} of it, to the middle)", time(nanos_each(cold, 1))),
        cold + rest,
    ));
    table
        .rows
        .push(unpaired("the command itself, on the same log: nothing yet at position 0".to_owned(), made));
    Ok(table)
}

fn half(events: usize) -> String {
    (events / 2).to_string()
}

/// Asks the real binary for a state; how long it took, and what it told.
fn state(world: &World, at: &str, more: &[&str]) -> anyhow::Result<(Duration, Value)> {
    let mut command = Command::new(process::keyledger()?);
    command.args(["audit", "state", "--json", "--at", at, "--data-dir"]).arg(&world.directory).args(more);
    let begun = Instant::now();
    let output = command.output()?;
    let took = begun.elapsed();
    ensure!(output.status.success(), "no state: {}", String::from_utf8_lossy(&output.stderr));
    Ok((took, serde_json::from_slice(&output.stdout)?))
}
