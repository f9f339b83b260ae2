//! The process is asked to end while clients are waiting for answers.

use std::thread;
use std::time::Duration;

use keyledger_tests::{Dice, Registry, soak};

use crate::clients::Clients;
use crate::history::History;
use crate::oracle::Oracle;
use crate::verdict_on::check;

#[test]
fn a_stop_under_load_exits_with_0_and_loses_nothing() {
    let mut dice = Dice::thrown_for("stop under load");
    let stops = if soak() { 200 } else { 5 };
    let mut registry = Registry::start();
    let directory = tempfile::tempdir().expect("a directory for the oracle");
    let clients = Clients::new(Oracle::start(directory.path()));
    let mut seen = History::read(&registry.operator());
    clients.door.open(&registry);
    thread::scope(|scope| {
        for name in 0..4 {
            let (clients, dice) = (&clients, dice.another());
            scope.spawn(move || clients.run(name, dice));
        }
        for _ in 0..stops {
            thread::sleep(Duration::from_millis(300 + dice.below(700)));
            let status = registry.stop();
            assert!(status.success(), "{status}: {}", registry.stderr());
            clients.door.close();
            registry.restart();
            seen.follow(&registry.operator());
            clients.door.open(&registry);
        }
        clients.door.no_more();
    });
    check(&mut registry, &seen, &clients.oracle.consult(), &mut dice);
}
