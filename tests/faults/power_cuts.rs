//! The power is cut at any moment, also while the registry starts or has just stopped, and several clients never stop
//! asking: only what was synced is there afterwards, and perhaps a part of the rest.

use std::path::Path;
use std::process::Stdio;
use std::thread;
use std::time::{Duration, Instant};

use keyledger_tests::{Client, Dice, Launch, Registry, Terminal, soak};
use serde_json::json;

use crate::clients::Clients;
use crate::disk::{Disk, Unsynced};
use crate::history::History;
use crate::oracle::{Oracle, Told};
use crate::verdict_on::check;

/// How many registries are cut off side by side.
const SIDE_BY_SIDE: u64 = 2;

/// The most cuts of one registry: its log grows with them, and so does each look at it.
const OF_ONE: u64 = 125;

const CLIENTS: usize = 3;

#[test]
fn power_cuts_lose_nothing_acknowledged_and_do_nothing_twice() {
    let mut dice = Dice::thrown_for("power cuts");
    let cuts = if soak() { 3_000 } else { 50 };
    let begun = Instant::now();
    let each = (cuts / SIDE_BY_SIDE).min(OF_ONE);
    for _ in 0..cuts / (each * SIDE_BY_SIDE) {
        thread::scope(|scope| {
            for _ in 0..SIDE_BY_SIDE {
                let dice = dice.another();
                scope.spawn(move || cut_and_check(each, dice));
            }
        });
    }
    println!("{cuts} power cuts in {:?}", begun.elapsed());
}

/// The control: where an fsync covers nothing, the same loop must find that something is lost.
#[test]
fn a_disk_that_swallows_fsync_is_found_out_by_the_same_loop() {
    let mut dice = Dice::thrown_for("swallowed fsync");
    let home = tempfile::tempdir().expect("a temporary directory");
    let mut disk = Disk::of(&home.path().join("data"), true);
    let mut registry = Registry::in_home(home, &borrowed(&disk.variables()));
    // The beginning is on the disk, or there would be nothing to lose.
    assert!(registry.stop().success(), "{}", registry.stderr());
    disk.cut(Unsynced::Kept);
    registry.restart();
    let directory = tempfile::tempdir().expect("a directory for the oracle");
    let clients = Clients::new(Oracle::start(directory.path()));
    let lost = cut_again_and_again(&mut registry, &mut disk, &clients, 20, &mut dice);
    let lost = lost.err().expect("a disk that keeps nothing lost nothing: this loop proves nothing");
    println!("as it must be, something was lost: {lost}");
}

#[test]
fn the_journal_of_the_disk_tells_all_that_was_done_to_the_files() {
    let mut dice = Dice::thrown_for("the journal of the disk");
    let home = tempfile::tempdir().expect("a temporary directory");
    let disk = Disk::of(&home.path().join("data"), false);
    let mut registry = Registry::in_home(home, &borrowed(&disk.variables()));
    let directory = tempfile::tempdir().expect("a directory for the oracle");
    let clients = Clients::new(Oracle::start(directory.path()));
    clients.door.open(&registry);
    thread::scope(|scope| {
        let dice = dice.another();
        scope.spawn(|| clients.run(0, dice));
        thread::sleep(Duration::from_secs(1));
        clients.door.no_more();
    });
    assert!(registry.stop().success(), "{}", registry.stderr());
    disk.journal_is_complete();
}

#[test]
fn a_first_start_whose_power_is_cut_is_finished_or_begun_anew_by_the_next_one() {
    let mut dice = Dice::thrown_for("power cuts of a first start");
    for _ in 0..if soak() { 500 } else { 15 } {
        let home = tempfile::tempdir().expect("a temporary directory");
        let data = home.path().join("data");
        let mut disk = Disk::of(&data, false);
        for _ in 0..1 + dice.below(3) {
            let mut terminal = Terminal::new(home.path());
            for (name, value) in disk.variables() {
                terminal = terminal.set(name, &value);
            }
            let mut command = terminal.command();
            command.args(["init", "--data-dir"]).arg(&data).stdout(Stdio::null()).stderr(Stdio::null());
            let mut init = command.spawn().expect("the binary can be started");
            thread::sleep(Duration::from_millis(dice.below(200)));
            // It may have come to its end already.
            let _ = init.kill();
            init.wait().expect("the process was ours to wait for");
            disk.cut(any(&mut dice));
        }
        is_whole(home.path(), &data);
    }
}

#[track_caller]
fn is_whole(home: &Path, data: &Path) {
    let mut launch = Launch::on(home, &[]);
    launch.expect_ready();
    let key = std::fs::read_to_string(data.join("operator-key")).expect("the operator's key was left");
    let operator = Client::new(&launch.addresses().command, Some(key.trim()));
    let body = json!({ "name": "billing", "scopes": ["client:read"] });
    operator.post("/v1/partners/acme/keys", &body).send().expecting(201);
    assert!(launch.terminate().success(), "{}", launch.said());
}

/// One registry, from its first start to the last look at it.
#[expect(
    clippy::print_stdout,
    reason = "whoever runs it with --nocapture wants to know what it went through"
)]
fn cut_and_check(cuts: u64, mut dice: Dice) {
    let home = tempfile::tempdir().expect("a temporary directory");
    let mut disk = Disk::of(&home.path().join("data"), false);
    let mut registry = Registry::in_home(home, &borrowed(&disk.variables()));
    let directory = tempfile::tempdir().expect("a directory for the oracle");
    let clients = Clients::new(Oracle::start(directory.path()));
    let seen = cut_again_and_again(&mut registry, &mut disk, &clients, cuts, &mut dice);
    let seen = seen.unwrap_or_else(|lost| panic!("{lost}\n{}", registry.stderr()));
    println!("{cuts} cuts, {} events, {} found out", seen.len(), clients.found_out());
    assert!(clients.found_out() > 0, "no client ever had to find out: the cuts came too gently");
    check(&mut registry, &seen, &clients.oracle.consult(), &mut dice);
}

/// Cuts the power again and again under clients, and looks each time whether something is lost: the log as it was seen
/// last, or what was.
fn cut_again_and_again(
    registry: &mut Registry,
    disk: &mut Disk,
    clients: &Clients,
    cuts: u64,
    dice: &mut Dice,
) -> Result<History, String> {
    let mut seen = History::read(&registry.operator());
    clients.door.open(registry);
    thread::scope(|scope| {
        for name in 0..CLIENTS {
            let dice = dice.another();
            scope.spawn(move || clients.run(name, dice));
        }
        for _ in 0..cuts {
            thread::sleep(Duration::from_millis(dice.below(300)));
            if dice.chance(10) {
                // What it writes down when it stops is not all synced.
                assert!(registry.stop().success(), "{}", registry.stderr());
            } else {
                registry.kill();
            }
            clients.door.close();
            disk.cut(any(dice));
            match restarted(registry, &seen, &clients.oracle.so_far()) {
                Ok(history) => seen = history,
                Err(lost) => {
                    clients.door.give_up();
                    return Err(lost);
                }
            }
            clients.door.open(registry);
        }
        clients.door.no_more();
        Ok(seen)
    })
}

/// Starts it again: it must be ready, its log what it was and longer, and hold whatever anybody was told.
fn restarted(registry: &mut Registry, seen: &History, told: &[Told]) -> Result<History, String> {
    registry.try_restart().map_err(|refusal| format!("it does not start again: {refusal:?}"))?;
    let history = History::try_read(&registry.operator())?;
    if !history.continues(seen) {
        return Err(format!("{} events were seen, and are not what the log begins with now", seen.len()));
    }
    let lost = |told: &&Told| {
        let Some(place) = &told.key else { return false };
        let event = history.at(place.position);
        event.is_none_or(|event| event["stream"] != format!("key-{}", place.key_id))
    };
    match told.iter().find(lost) {
        Some(lost) => Err(format!("it was acknowledged and is not in the log: {lost:?}")),
        None => Ok(history),
    }
}

fn any(dice: &mut Dice) -> Unsynced<'_> {
    if dice.chance(50) { Unsynced::Lost } else { Unsynced::ByChance(dice) }
}

fn borrowed<'a>(variables: &'a [(&'static str, String)]) -> Vec<(&'a str, &'a str)> {
    variables.iter().map(|(name, value)| (*name, value.as_str())).collect()
}
