//! `make bench`: what keyledger costs, side by side with what it is measured against.
//!
//! Every pair of figures is taken in one run, alternating, and stated as the ratio of the two, because machines are shared
//! and noisy; a ratio is the median over the rounds. A whole run prints its tables and writes them into
//! `docs/performance.md`, which explains them. `bench quick` takes a tenth of the keys and few rounds and only prints: it
//! shows that the benchmarks work. `bench relay` measures the relay alone, and what its settings are worth, and only prints; `bench relay throughput` one part of it;
//! `bench postgres` the log on PostgreSQL; `bench roles` new processes of each role on it; `bench portal` people who browse beside requests;
//! `bench past` what an auditor waits for; `bench audit` the transparency log.
//! Nothing here fails on time.
#![allow(
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "a benchmark reads the clock and its arguments, and prints what it measured"
)]

mod append;
mod authorize;
mod browsing;
mod clock;
mod growth;
mod hello;
mod history;
mod index;
mod keyring;
mod list;
mod load;
mod machine;
mod past;
mod performance_tool;
mod process;
mod publishing;
mod relay;
mod relay_beside;
mod relay_settings;
mod replay;
mod report;
mod revoke;
mod roles;
mod scale;
mod start;
mod statistics;
mod transparency;
mod validation;
mod world;

use keyledger_tests::Dice;

use report::Report;
use scale::Scale;
use world::World;

/// That of the binary.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> anyhow::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match *arguments {
        [] => measure(&Scale::WHOLE)?.write(),
        ["quick"] => measure(&Scale::QUICK).map(drop),
        ["relay"] => measure_relay(&OF_THE_RELAY, &Scale::WHOLE),
        ["relay", "quick"] => measure_relay(&OF_THE_RELAY, &Scale::QUICK),
        ["relay", one] => measure_relay(&[one], &Scale::WHOLE),
        ["relay", one, "quick"] => measure_relay(&[one], &Scale::QUICK),
        ["postgres"] => measure_postgres(&Scale::WHOLE),
        ["postgres", "quick"] => measure_postgres(&Scale::QUICK),
        ["roles"] => measure_roles(&Scale::WHOLE),
        ["roles", "quick"] => measure_roles(&Scale::QUICK),
        ["audit"] => measure_audit(&Scale::WHOLE),
        ["audit", "quick"] => measure_audit(&Scale::QUICK),
        ["portal"] => measure_portal(&Scale::WHOLE),
        ["portal", "quick"] => measure_portal(&Scale::QUICK),
        ["past"] => measure_past(&Scale::WHOLE),
        ["past", "quick"] => measure_past(&Scale::QUICK),
        // How it starts the servers that it measures against: each must be a process of its own.
        ["hello", kind, address] => hello::serve(kind, address.parse()?),
        _ => anyhow::bail!(
            "usage: bench [relay [throughput|beside|settings] | postgres | roles | audit | portal | past] [quick]"
        ),
    }
}

fn measure(scale: &Scale) -> anyhow::Result<Report> {
    process::build()?;
    let home = tempfile::tempdir()?;
    let mut dice = Dice::thrown_for("bench");
    let mut report = Report::begin();
    report.add(append::measure(home.path(), scale)?);
    report.add(append::measure_postgres(scale)?);

    let mut worlds = Vec::new();
    for keys in scale.keys {
        println!("writing a log of {keys} keys");
        worlds.push(World::make(home.path(), keys)?);
    }
    // In this order: the first start makes the read models and the snapshots that the others begin with, and memory is
    // measured while there is little of it in use.
    let indices = index::load(&worlds)?;
    let replays = replay::measure(&worlds, scale)?;
    let validations = validation::measure(&worlds, &indices, &mut dice, scale)?;
    drop(indices);
    let starts = start::measure(&worlds, scale)?;
    report.add(authorize::measure(&worlds, &mut dice, scale)?);
    report.add(validation::table(&validations));
    report.add(replay::table(&replays));
    report.add(start::table(&starts));
    let mut requests = list::measure(&worlds[2])?;
    requests.rows.extend(revoke::measure(&worlds[2], scale)?);
    report.add(requests);
    report.add(browsing::measure(&worlds[1], &mut dice, scale)?);
    report.add(growth::table(&validations, &replays, &starts));
    report.add(relay::measure(home.path(), scale)?);
    report.add(relay_beside::measure(home.path(), scale)?);
    Ok(report)
}

/// The log on PostgreSQL.
fn measure_postgres(scale: &Scale) -> anyhow::Result<()> {
    Report::begin().add(append::measure_postgres(scale)?);
    Ok(())
}

/// Each role as a process of its own.
fn measure_roles(scale: &Scale) -> anyhow::Result<()> {
    process::build()?;
    let home = tempfile::tempdir()?;
    Report::begin().add(roles::measure(home.path(), scale)?);
    Ok(())
}

/// The transparency log.
fn measure_audit(scale: &Scale) -> anyhow::Result<()> {
    process::build()?;
    let home = tempfile::tempdir()?;
    let world = World::make(home.path(), scale.keys[2])?;
    let mut report = Report::begin();
    report.add(transparency::measure(&world, scale)?);
    report.add(transparency::measure_beside(home.path(), scale)?);
    Ok(())
}

/// The portal beside the validator alone.
fn measure_portal(scale: &Scale) -> anyhow::Result<()> {
    process::build()?;
    let home = tempfile::tempdir()?;
    let world = World::make(home.path(), scale.keys[1])?;
    Report::begin().add(browsing::measure(&world, &mut Dice::thrown_for("bench"), scale)?);
    Ok(())
}

/// The past, as an auditor asks for it.
fn measure_past(scale: &Scale) -> anyhow::Result<()> {
    process::build()?;
    let home = tempfile::tempdir()?;
    Report::begin().add(past::measure(home.path(), scale)?);
    Ok(())
}

/// What is measured of the relay.
const OF_THE_RELAY: [&str; 3] = ["throughput", "beside", "settings"];

/// Of the relay alone, some of what there is to measure.
fn measure_relay(what: &[&str], scale: &Scale) -> anyhow::Result<()> {
    let home = tempfile::tempdir()?;
    let mut report = Report::begin();
    for &one in what {
        report.add(match one {
            "throughput" => relay::measure(home.path(), scale)?,
            "beside" => {
                process::build()?;
                relay_beside::measure(home.path(), scale)?
            }
            "settings" => relay_settings::measure(home.path(), scale)?,
            other => anyhow::bail!(
                "nothing called {other} is measured of the relay, but {}",
                OF_THE_RELAY.join(", ")
            ),
        });
    }
    Ok(())
}
