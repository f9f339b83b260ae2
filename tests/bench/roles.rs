//! Each role as a process of its own, with log and lists on PostgreSQL: how long a new one takes until it does its work.

use std::fs::{self, DirBuilder};
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use keyledger_tests::{Client, Postgres, RoleProcess, within};

use crate::process;
use crate::report::Table;
use crate::scale::Scale;
use crate::statistics::{grouped, quantile, time};
use crate::world::{LARGEST_PARTNER, World};

/// How long anything here may take.
const PATIENCE: Duration = Duration::from_secs(600);

/// Pages of the largest partner that are asked for.
const PAGES: usize = 200;

pub(crate) fn measure(home: &Path, scale: &Scale) -> anyhow::Result<Table> {
    let world = World::make(home, scale.keys[2])?;
    let server = Postgres::start();
    let url = server.url(&server.new_database());
    let mut rows = Vec::new();
    let mut row = |what: &str, took: Duration| {
        rows.push(vec![what.to_owned(), time(took.as_secs_f64() * 1e9)]);
    };

    let begun = Instant::now();
    run(
        &["log", "copy", "--from", &world.directory.to_string_lossy(), "--to", &url, "--finish"],
        &world,
        &[],
    )?;
    row("`log copy` from SQLite to PostgreSQL, checked and compared", begun.elapsed());

    let settings = settings(&url);
    let directory = |name: &str| another_machine(home, name, &world);
    let begun = Instant::now();
    let projector = started("projector", &directory("projector")?, &settings)?;
    row("the lists from the log, until the projector is live", begun.elapsed());

    let begun = Instant::now();
    let command_service = started("command-service", &directory("command-service")?, &settings)?;
    row("a command service from the log, until it is ready", begun.elapsed());

    let begun = Instant::now();
    let validator = started("validator", &directory("validator")?, &settings)?;
    row("a new validator from the log, until it is ready", begun.elapsed());
    drop(validator);

    let command = command_service.address("command").context("it listens")?;
    let mut fetching = settings.clone();
    fetching.push(("KEYLEDGER_VALIDATOR__COMMAND_SERVICES".to_owned(), command.base().to_owned()));
    let begun = Instant::now();
    let validator = started("validator", &directory("fetching")?, &fetching)?;
    row("a new validator from a fetched snapshot, until it is ready", begun.elapsed());
    ensure!(validator.said().contains("was fetched"), "it fetched none: {}", validator.said());

    let pages = list_pages(&command.with_key(&world.operator_key))?;
    row("a page of 200 keys of the largest partner, p50", Duration::from_secs_f64(quantile(&pages, 0.5)));
    row("the same, p99", Duration::from_secs_f64(quantile(&pages, 0.99)));

    let begun = Instant::now();
    run(&["projections", "rebuild"], &world, &in_directory(&directory("rebuild")?, &settings))?;
    row("`projections rebuild` while the roles run", begun.elapsed());
    drop((projector, command_service));

    let title = "Roles apart, log and lists on PostgreSQL";
    let header = vec![format!("{} keys", grouped(world.keys())), "time".to_owned()];
    Ok(Table { title, header, rows })
}

fn settings(url: &str) -> Vec<(String, String)> {
    let settings = [
        ("KEYLEDGER_LOG__STORE", "postgres"),
        ("KEYLEDGER_LOG__URL", url),
        ("KEYLEDGER_READ_MODELS__URL", url),
    ];
    settings.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec()
}

fn in_directory(directory: &Path, settings: &[(String, String)]) -> Vec<(String, String)> {
    let directory = ("KEYLEDGER_SERVER__DATA_DIR".to_owned(), directory.to_string_lossy().into_owned());
    settings.iter().cloned().chain([directory]).collect()
}

/// A data directory that holds the keyring and nothing else.
fn another_machine(home: &Path, name: &str, world: &World) -> anyhow::Result<PathBuf> {
    let data = home.join(name).join("data");
    DirBuilder::new().recursive(true).mode(0o700).create(&data)?;
    fs::copy(world.directory.join("keyring"), data.join("keyring"))?;
    Ok(data)
}

/// A role, once it is ready.
fn started(role: &str, data: &Path, settings: &[(String, String)]) -> anyhow::Result<RoleProcess> {
    let process = RoleProcess::start(role, data, settings);
    let ready = || process.readiness().filter(|answer| answer.status == 200).map(|_| ());
    within(PATIENCE, ready).with_context(|| format!("{role} does not become ready: {}", process.said()))?;
    Ok(process)
}

/// Seconds of each of many pages, one after the other.
fn list_pages(operator: &Client) -> anyhow::Result<Vec<f64>> {
    let (mut took, mut cursor) = (Vec::new(), String::new());
    for _ in 0..PAGES {
        let begun = Instant::now();
        let page = operator.get(&format!("/v1/partners/{LARGEST_PARTNER}/keys?limit=200{cursor}")).send();
        took.push(begun.elapsed().as_secs_f64());
        ensure!(page.status == 200, "no page: {}", page.text());
        match page.json()["nextCursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => cursor.clear(),
        }
    }
    Ok(took)
}

/// Runs a command of the binary to its end.
fn run(arguments: &[&str], world: &World, settings: &[(String, String)]) -> anyhow::Result<()> {
    let mut command = Command::new(process::keyledger()?);
    command.args(arguments).arg("--json").stdin(Stdio::null()).stdout(Stdio::null());
    command.env("KEYLEDGER_SERVER__DATA_DIR", &world.directory);
    command.env("KEYLEDGER_KEYRING__PATH", world.directory.join("keyring"));
    command.envs(settings.iter().map(|(name, value)| (name, value)));
    ensure!(command.status()?.success(), "keyledger {} failed", arguments.join(" "));
    Ok(())
}
