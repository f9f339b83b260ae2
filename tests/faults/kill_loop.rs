//! The process is killed again and again, at any moment, also while it starts, and several clients never stop asking.

use std::process::Stdio;
use std::thread;
use std::time::{Duration, Instant};

use keyledger_tests::{Dice, Registry, soak};

use crate::clients::Clients;
use crate::history::History;
use crate::oracle::Oracle;
use crate::verdict_on::check;

const CLIENTS: usize = 4;

#[test]
fn a_hundred_kills_lose_nothing_acknowledged_and_do_nothing_twice() {
    let mut dice = Dice::thrown_for("kill loop");
    let kills = if soak() { 2000 } else { 100 };
    let mut registry = Registry::start();
    let directory = tempfile::tempdir().expect("a directory for the oracle");
    let clients = Clients::new(Oracle::start(directory.path()));
    let mut seen = History::read(&registry.operator());
    clients.door.open(&registry);
    let begun = Instant::now();
    thread::scope(|scope| {
        for name in 0..CLIENTS {
            let (clients, dice) = (&clients, dice.another());
            scope.spawn(move || clients.run(name, dice));
        }
        for _ in 0..kills {
            thread::sleep(Duration::from_millis(dice.below(400)));
            registry.kill();
            clients.door.close();
            if dice.chance(25) {
                kill_while_it_starts(&registry, Duration::from_millis(dice.below(300)));
            }
            registry.restart();
            seen.follow(&registry.operator());
            clients.door.open(&registry);
        }
        clients.door.no_more();
    });
    let took = begun.elapsed();
    println!("{kills} kills, {} events, {} found out, {took:?}", seen.len(), clients.found_out());
    assert!(clients.found_out() > 0, "no client ever had to find out: the kills came too gently");
    check(&mut registry, &seen, &clients.oracle.consult(), &mut dice);
    println!("checked after {:?}", begun.elapsed());
}

fn kill_while_it_starts(registry: &Registry, after: Duration) {
    let mut command = registry.terminal().command();
    command.args(["serve", "--listen-command", "127.0.0.1:0", "--listen-validator", "127.0.0.1:0"]);
    command.args(["--listen-ops", "127.0.0.1:0"]).stdout(Stdio::null()).stderr(Stdio::null());
    let mut child = command.spawn().expect("the binary can be started");
    thread::sleep(after);
    child.kill().expect("a child can be killed");
    let status = child.wait().expect("a killed child ends");
    assert_eq!(status.code(), None, "it ended by itself");
}
