//! A relay as one would write it first, with no transaction, goes through the same faults: it must fail, or passing them
//! proves nothing.

use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

use keyledger_tests::{Broker, Dice, Registry, committed};

use super::load::Load;
use super::shown;

const TOPIC: &str = "naive.key-events";

/// The relay of `tests/src/bin/naive_relay.rs` in a process.
struct Naive(Child);

impl Naive {
    fn start(registry: &Registry, broker: &Broker) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_naive_relay"));
        command.arg(registry.data_dir().join("log.db")).arg(broker.address()).arg(TOPIC);
        command.arg(registry.home().join("naive-checkpoint")).stdin(Stdio::null());
        Self(command.spawn().expect("it can be started"))
    }
}

impl Drop for Naive {
    fn drop(&mut self) {
        self.0.kill().expect("a child can be killed");
        self.0.wait().expect("a killed child ends");
    }
}

#[test]
fn a_relay_without_transactions_does_not_pass_the_same_faults() {
    let mut dice = Dice::thrown_for("naive relay");
    let registry = Registry::start();
    let mut broker = Broker::start();
    broker.create_topic(TOPIC, 1, &[]);
    let load = Load::on(&registry, &mut dice);
    let (mut found, mut kills) = (Vec::new(), 0);
    // It fails sooner or later; that it may be later is no reason to wait for the longest run each time.
    while found.is_empty() && kills < 60 {
        let relay = Naive::start(&registry, &broker);
        thread::sleep(Duration::from_millis(200 + dice.below(700)));
        drop(relay);
        kills += 1;
        if kills == 5 {
            broker.kill();
            broker.restart();
        }
        let records = committed(&broker, TOPIC);
        let reached = records.iter().filter_map(|record| record.header("ce_position")?.parse().ok()).max();
        found = shown::faults(&records, reached.unwrap_or(0));
    }
    load.stop();
    assert!(!found.is_empty(), "{kills} kills did it no harm: the faults prove nothing");
    println!("after {kills} kills: {}", found[0]);
}
