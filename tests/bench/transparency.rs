//! The transparency log: how long a verification takes beside reading and hashing the same rows and nothing else, and what a
//! signer is to whoever creates keys.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use keyledger_audit::{
    History,
    signer::{Signer, SignerParts, State},
    tree::{Directory, Origin, SigningKey},
    verify::{VerifyParts, verify},
};
use keyledger_event_log::{EventLog, PublicLog};
use keyledger_event_log_sqlite::SqliteLog;
use keyledger_projectors::MacKeysSource;
use keyledger_tests::Client;
use rusqlite::{Connection, OpenFlags};
use serde_json::json;
use sha2::{Digest as _, Sha256};
use tokio::runtime::Runtime;

use crate::process::{Server, Workers};
use crate::report::{Table, row};
use crate::scale::Scale;
use crate::statistics::{grouped, median, median_ratio, nanos_each, quantile, time};
use crate::world::World;

/// How many keys a registry has before.
const KEYS: usize = 1_000;

/// Verification, for each event.
pub(crate) fn measure(world: &World, scale: &Scale) -> anyhow::Result<Table> {
    let runtime = Runtime::new()?;
    let tree = world.directory.join("transparency");
    let log: Arc<dyn EventLog> = Arc::new(SqliteLog::open_read_only(world.log())?);
    let macs = Arc::new(world.keyring.macs.clone());
    let keys: MacKeysSource = Arc::new(move || macs.clone());
    let signed = runtime.block_on(sign(world, &log, &keys, &tree))?;
    let (mut limit, mut hashes, mut codes) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..scale.rounds {
        limit.push(nanos_each(read_and_hash(world)?, world.keys()));
        for (keys, figures) in [(None, &mut hashes), (Some(keys.clone()), &mut codes)] {
            let took = runtime.block_on(verified(&log, keys, &tree))?;
            figures.push(nanos_each(took, world.keys()));
        }
    }
    let mut table = Table::of_ratios("Verifying the log, for each event");
    let beside = |figures: &[f64]| format!("{} (read and SHA-256 only)", time(median(figures)));
    for (what, ours, goal) in [("hashes alone", &hashes, "≥ 0.50"), ("hashes and codes", &codes, "–")] {
        table.rows.push(row(
            format!("{} events, {what}, limit over ours", grouped(world.keys())),
            time(median(ours)),
            beside(&limit),
            median_ratio(&limit, ours),
            goal,
        ));
    }
    table.rows.push(row(
        format!("{} events, signing them all for the first time, limit over ours", grouped(world.keys())),
        time(signed),
        beside(&limit),
        median(&limit) / signed,
        "–",
    ));
    Ok(table)
}

/// Signs the whole log, and tells how long it took for each event.
async fn sign(
    world: &World,
    log: &Arc<dyn EventLog>,
    keys: &MacKeysSource,
    tree: &Path,
) -> anyhow::Result<f64> {
    let begun = Instant::now();
    let signer = Signer::spawn(SignerParts {
        log: PublicLog::of(log.clone()),
        keys: keys.clone(),
        key: SigningKey::from_seed([1; 32]),
        memory: world.directory.join("signer-key.signed"),
        directory: tree.to_owned(),
        every: Duration::from_secs(1),
        clock: Arc::new(Instant::now),
    })?;
    let mut progress = signer.watch();
    let settled = |state: &State| matches!(state, State::Live) || state.is_over();
    let ended = progress.wait_for(|progress| settled(&progress.state)).await?.state.clone();
    ensure!(matches!(ended, State::Live), "the signer stopped: {ended:?}");
    let took = begun.elapsed();
    signer.stop().await;
    Ok(nanos_each(took, world.keys()))
}

async fn verified(
    log: &Arc<dyn EventLog>,
    keys: Option<MacKeysSource>,
    tree: &Path,
) -> anyhow::Result<Duration> {
    let begun = Instant::now();
    let history = History::new(log.clone(), keys);
    let tiles = Directory::of(tree, Origin(log.identity()));
    let parts = VerifyParts { history: &history, tiles: &tiles, key: None, saved: None, now: None };
    let report = verify(parts, |_, _| {}).await?;
    ensure!(report.faults == 0 && report.unsigned == 0, "{:?}", report.findings);
    Ok(begun.elapsed())
}

/// How long it takes to read every row and to hash what is in it, and nothing else.
fn read_and_hash(world: &World) -> anyhow::Result<Duration> {
    let db = Connection::open_with_flags(world.log(), OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    let mut statement = db.prepare(
        "SELECT position, id, stream, revision, public, private, mac FROM events ORDER BY position",
    )?;
    let begun = Instant::now();
    let mut rows = statement.query(())?;
    while let Some(row) = rows.next()? {
        let mut hasher = Sha256::new();
        for column in 4..7 {
            hasher.update(row.get_ref(column)?.as_blob()?);
        }
        std::hint::black_box(hasher.finalize());
    }
    Ok(begun.elapsed())
}

/// A registry that signs, or does not.
struct Side {
    what: &'static str,
    server: Server,
    operator: Client,
    /// Nanoseconds of every creation, slice by slice.
    slices: Vec<Vec<f64>>,
}

/// What a signer is to whoever creates keys.
pub(crate) fn measure_beside(home: &Path, scale: &Scale) -> anyhow::Result<Table> {
    let sides =
        [("nobody signs", "false"), ("nobody signs, once more: the noise", "false"), ("it signs", "true")];
    let sides = sides
        .iter()
        .enumerate()
        .map(|(number, (what, signs))| Side::start(&home.join(format!("signed-{number}")), what, signs));
    let mut sides = sides.collect::<anyhow::Result<Vec<_>>>()?;
    for slice in 0..scale.slices {
        // Each comes first as often as the others: what one leaves to be done disturbs the next.
        for turn in 0..sides.len() {
            let side = (slice + turn) % sides.len();
            sides[side].create(slice, scale.creations * 5)?;
        }
    }
    let mut table = Table::of_ratios("Creating a key over HTTP, beside a signer");
    let (without, others) = sides.split_first().context("there are three")?;
    table.rows.extend(others.iter().flat_map(|side| side.beside(without)));
    Ok(table)
}

impl Side {
    fn start(home: &Path, what: &'static str, signs: &str) -> anyhow::Result<Self> {
        std::fs::create_dir(home)?;
        let world = World::make(home, KEYS)?;
        let settings = [("KEYLEDGER_TRANSPARENCY__SIGN_IN_SERVE", signs)];
        let mut server = Server::keyledger_with(&world, Workers::EveryCore, &settings)?;
        server.first_right_answer(&world.secrets[KEYS - 1])?;
        server.rests()?;
        let operator = Client::new(&server.command, Some(&world.operator_key));
        Ok(Self { what, server, operator, slices: Vec::new() })
    }

    /// Creates so many keys, one after the other, and lets what follows from them be done.
    fn create(&mut self, slice: usize, keys: usize) -> anyhow::Result<()> {
        let mut nanos = Vec::with_capacity(keys);
        for number in 0..keys {
            let body = json!({ "name": format!("Key {number} of slice {slice}"), "scopes": ["client:read"] });
            let begun = Instant::now();
            let answer = self.operator.post("/v1/partners/acme/keys", &body).send();
            nanos.push(nanos_each(begun.elapsed(), 1));
            answer.expecting(201);
        }
        self.slices.push(nanos);
        self.server.rests()
    }

    fn beside(&self, without: &Self) -> Vec<Vec<String>> {
        let of_slices = |side: &Self| side.slices.iter().map(|slice| median(slice)).collect::<Vec<_>>();
        let p50 = (0.5, "p50", median_ratio(&of_slices(self), &of_slices(without)));
        let p99 = (0.99, "p99", self.all(0.99) / without.all(0.99));
        let rows = [p50, p99].map(|(part, name, ratio)| {
            let what = format!("a creation, request to answer, {name}: {}", self.what);
            row(
                what,
                time(self.all(part)),
                format!("{} ({})", time(without.all(part)), without.what),
                ratio,
                "1",
            )
        });
        rows.into()
    }

    /// The creation that this part of the others were faster than.
    fn all(&self, part: f64) -> f64 {
        quantile(&self.slices.concat(), part)
    }
}
