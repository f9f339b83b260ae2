//! One validation in this process against the digest that it cannot do without, and against a well-known throttle.

use std::hint::black_box;
use std::num::NonZeroU32;
use std::time::Instant;

use anyhow::ensure;
use governor::{Quota, RateLimiter};
use keyledger_domain::verdict::Code;
use keyledger_tests::Dice;
use keyledger_validator::{KeyIndex, WorkingKey};

use crate::index::Loaded;
use crate::report::{Table, row};
use crate::scale::Scale;
use crate::statistics::{grouped, median, median_ratio, nanos_each, time};
use crate::world::{Sent, World, parsed};

/// How many keys are drawn before the clock starts; then each side does all of them.
const BATCH: usize = 1_024;

/// How many batches make a round.
const BATCHES: usize = 60;

/// Nanoseconds for each key, of every batch.
pub(crate) struct Validation {
    pub(crate) keys: usize,
    pub(crate) bytes: usize,
    pub(crate) ours: Vec<f64>,
    digest: Vec<f64>,
    governor: Vec<f64>,
}

pub(crate) fn measure(
    worlds: &[World],
    indices: &[Loaded],
    dice: &mut Dice,
    scale: &Scale,
) -> anyhow::Result<Vec<Validation>> {
    worlds.iter().zip(indices).map(|(world, loaded)| of_world(world, loaded, dice, scale)).collect()
}

fn of_world(world: &World, loaded: &Loaded, dice: &mut Dice, scale: &Scale) -> anyhow::Result<Validation> {
    let burst = NonZeroU32::new(10_000).expect("not zero");
    let governor = RateLimiter::dashmap(Quota::per_second(burst));
    for secret in &world.secrets {
        governor.check_key(&prefix(secret)).expect("a full bucket");
    }
    let (keys, bytes) = (world.keys(), loaded.bytes);
    let mut measured = Validation { keys, bytes, ours: Vec::new(), digest: Vec::new(), governor: Vec::new() };
    for _ in 0..BATCHES * scale.rounds {
        let drawn: Vec<Sent> = (0..BATCH).map(|_| *dice.pick(&world.secrets)).collect();
        let secrets: Vec<_> = drawn.iter().map(parsed).collect();
        let each = |work: &mut dyn FnMut()| {
            let begun = Instant::now();
            work();
            nanos_each(begun.elapsed(), BATCH)
        };
        measured.digest.push(each(&mut || {
            for secret in &secrets {
                black_box(world.keyring.pepper.digest(secret));
            }
        }));
        let mut valid = 0;
        measured.ours.push(each(&mut || {
            valid = drawn.iter().filter(|secret| validate(&loaded.index, secret)).count()
        }));
        ensure!(valid == BATCH, "{} good keys were refused", BATCH - valid);
        measured.governor.push(each(&mut || {
            for secret in &drawn {
                let _ = black_box(governor.check_key(&prefix(secret)));
            }
        }));
    }
    Ok(measured)
}

fn validate(index: &KeyIndex, secret: &Sent) -> bool {
    index.authenticate(secret, &WorkingKey, 1).is_ok_and(|verdict| verdict.code == Code::Valid)
}

fn prefix(secret: &Sent) -> [u8; 8] {
    *secret.first_chunk().expect("a secret begins with a prefix")
}

pub(crate) fn table(validations: &[Validation]) -> Table {
    let mut table = Table::of_ratios("One validation in process");
    for Validation { keys, ours, digest, governor, .. } in &validations[1..] {
        let keys = grouped(*keys);
        table.rows.push(row(
            format!("{keys} keys, a validation"),
            time(median(ours)),
            format!("{} (the keyed digest alone)", time(median(digest))),
            median_ratio(ours, digest),
            "≤ 2.2",
        ));
        let rest: Vec<f64> = ours.iter().zip(digest).map(|(ours, digest)| ours - digest).collect();
        table.rows.push(row(
            format!("{keys} keys, all of a validation but the digest, the throttle among it"),
            time(median(&rest)),
            format!("{} (governor's keyed check alone)", time(median(governor))),
            median_ratio(&rest, governor),
            "the throttle alone ≤ 0.10",
        ));
    }
    if let Some(Validation { keys, bytes, .. }) = validations.last() {
        table.rows.push(vec![
            format!("{} keys, memory for each live secret", grouped(*keys)),
            format!("{} bytes", bytes / keys),
            "–".to_owned(),
            "–".to_owned(),
            "≤ 80 bytes".to_owned(),
        ]);
    }
    table
}
