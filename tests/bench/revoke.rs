//! How long a revocation takes to be answered, which is when the validator refuses the key already.

use std::fs::File;
use std::io::Write as _;
use std::time::Instant;

use anyhow::ensure;
use keyledger_tests::Client;
use serde_json::json;

use crate::load;
use crate::process::{Server, Workers};
use crate::report::row;
use crate::scale::Scale;
use crate::statistics::{nanos_each, quantile, time};
use crate::world::World;

/// About what a revocation writes.
const EVENT: [u8; 600] = [b'x'; 600];

/// Revokes keys by their prefixes, one after the other, and shows each secret once more as soon as the answer is there.
pub(crate) fn measure(world: &World, scale: &Scale) -> anyhow::Result<Vec<Vec<String>>> {
    let mut server = Server::keyledger(world, Workers::EveryCore)?;
    server.first_right_answer(&world.secrets[0])?;
    server.ready()?;
    server.rests()?;
    let operator = Client::new(&server.command, Some(&world.operator_key));
    let mut file = File::create(world.directory.with_extension("raw"))?;
    let (mut answers, mut synced, mut accepted) = (Vec::new(), Vec::new(), 0);
    for secret in world.secrets.iter().step_by(world.keys() / scale.revocations).take(scale.revocations) {
        let begun = Instant::now();
        file.write_all(&EVENT)?;
        file.sync_data()?;
        synced.push(nanos_each(begun.elapsed(), 1));

        let body = json!({ "prefix": str::from_utf8(&secret[..8])?, "reason": "measured" });
        let begun = Instant::now();
        let answer = operator.post("/v1/revocations", &body).send();
        answers.push(nanos_each(begun.elapsed(), 1));
        ensure!(answer.status == 200, "a revocation was refused: {answer:?}");
        accepted += usize::from(load::ask(server.validator, secret) != Some(403));
    }
    let compared = |(part, name)| {
        let (ours, limit) = (quantile(&answers, part), quantile(&synced, part));
        let what = format!("a revocation by prefix, request to answer, {name}");
        row(what, time(ours), format!("{} (file and fdatasync)", time(limit)), ours / limit, "–")
    };
    let mut rows: Vec<_> = [(0.5, "p50"), (0.99, "p99")].map(compared).into();
    let revoked = format!("of {} revoked keys, accepted once more after the answer", answers.len());
    rows.push(vec![revoked, accepted.to_string(), "–".to_owned(), "–".to_owned(), "0".to_owned()]);
    Ok(rows)
}
