//! `/v1/authorize` of the real binary against servers that only say hello: time of the processor for each request.

use keyledger_tests::Dice;

use crate::load::Load;
use crate::process::{Server, Workers};
use crate::report::{Table, row};
use crate::scale::Scale;
use crate::statistics::{grouped, median, median_ratio, nanos_each, time};
use crate::world::World;

/// How many requests a pipelining client sends at once.
const PIPELINED: usize = 16;

/// A server, and the processor's nanoseconds for each request, of every round.
struct Side {
    server: Server,
    nanos: Vec<f64>,
}

pub(crate) fn measure(worlds: &[World], dice: &mut Dice, scale: &Scale) -> anyhow::Result<Table> {
    let [_, smaller, larger] = worlds else { unreachable!("there are three worlds") };
    let mut table = Table::of_ratios("Authorising over HTTP: processor time of the server for each request");
    for (workers, threads) in [(Workers::One, "one worker"), (Workers::EveryCore, "a worker for each core")] {
        let servers = [
            Server::hello("bare", workers)?,
            Server::hello("guarded", workers)?,
            Server::keyledger(smaller, workers)?,
            Server::keyledger(larger, workers)?,
        ];
        let mut sides = servers.map(|server| Side { server, nanos: Vec::new() });
        // A secret of either world will do for the hellos.
        let secrets = [larger, larger, smaller, larger].map(|world| &world.secrets[..]);
        for (side, secrets) in sides.iter_mut().zip(secrets) {
            side.server.first_right_answer(&secrets[0])?;
            side.server.rests()?;
        }
        for (depth, requests) in [(1, "single"), (PIPELINED, "pipelined ×16")] {
            for side in &mut sides {
                side.nanos.clear();
            }
            for _ in 0..scale.slices {
                for (side, secrets) in sides.iter_mut().zip(secrets) {
                    let mut load = Load::open(side.server.validator, depth)?;
                    let before = side.server.processor_time()?;
                    let asked = load.run(secrets, dice, scale.slice)?;
                    side.nanos.push(nanos_each(side.server.processor_time()? - before, asked));
                }
            }
            let [bare, guarded, smaller_side, larger_side] = &sides;
            let goal = if depth == 1 { "≤ 1.04" } else { "≤ 1.35" };
            let what = |world: &World| format!("{} keys, {requests}, {threads}", grouped(world.keys()));
            table.rows.push(compared(
                what(larger),
                larger_side,
                guarded,
                "hello, same guard and answer",
                goal,
            ));
            table.rows.push(compared(what(larger), larger_side, bare, "bare hello", "–"));
            table.rows.push(compared(
                what(smaller),
                smaller_side,
                guarded,
                "hello, same guard and answer",
                "–",
            ));
        }
    }
    Ok(table)
}

fn compared(what: String, ours: &Side, theirs: &Side, whose: &str, goal: &str) -> Vec<String> {
    let beside = format!("{} ({whose})", time(median(&theirs.nanos)));
    row(what, time(median(&ours.nanos)), beside, median_ratio(&ours.nanos, &theirs.nanos), goal)
}
