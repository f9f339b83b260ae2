//! Commands and authentications of many callers on few keys, each with when it began and when it was answered: there must
//! be one order in which they could have been carried out one after the other (Herlihy and Wing, 1990).

mod checker;
mod key;
mod recorded;

use std::thread;
use std::time::Instant;

use keyledger_tests::{Dice, Registry, soak};

use checker::order;
use recorded::Recorder;

/// How many histories are made at once, on one registry.
const SIDE_BY_SIDE: u64 = 2;

#[test]
fn histories_of_commands_and_authentications_have_an_order_for_each_key() {
    let mut dice = Dice::thrown_for("histories");
    let histories = if soak() { 1_000 } else { 30 };
    let registry = Registry::start();
    let begun = Instant::now();
    let calls: usize = thread::scope(|scope| {
        let one = |mut dice: Dice| {
            let registry = &registry;
            move || (0..histories / SIDE_BY_SIDE).map(|_| make_and_check(registry, &mut dice)).sum::<usize>()
        };
        let running: Vec<_> = (0..SIDE_BY_SIDE).map(|_| scope.spawn(one(dice.another()))).collect();
        running.into_iter().map(|one| one.join().expect("a history without an order")).sum()
    });
    println!("{histories} histories of {calls} calls have an order: {:?}", begun.elapsed());
}

/// One history on keys of its own; how many calls it has.
fn make_and_check(registry: &Registry, dice: &mut Dice) -> usize {
    let keys: Vec<_> = (0..2).map(|_| Recorder::of_new_key(registry)).collect();
    thread::scope(|scope| {
        for _ in 0..4 {
            let (keys, mut dice) = (&keys, dice.another());
            scope.spawn(move || (0..14).for_each(|_| dice.pick(keys).clone().call(registry, &mut dice)));
        }
    });
    let histories = keys.iter().map(|key| key.history());
    let check = |history: Vec<_>| {
        let found = order(&history);
        assert!(found.is_some(), "no order explains this history of a key:\n{}", recorded::shown(&history));
        history.len()
    };
    histories.map(check).sum()
}
