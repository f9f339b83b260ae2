//! What Kafka is to commands, which do not wait for it: how long a creation takes while Kafka is there, slow, or away.

use std::net::TcpListener;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use keyledger_tests::{Answer, Broker, Client, Proxy};
use serde_json::json;

use crate::process::{Server, Workers};
use crate::report::{Table, row};
use crate::scale::Scale;
use crate::statistics::{median, median_ratio, nanos_each, quantile, time};
use crate::world::World;

/// How long a byte takes to a slow Kafka, and back.
const FAR: Duration = Duration::from_millis(200);

/// How many keys a registry has before.
const KEYS: usize = 1_000;

/// A registry beside one state of Kafka.
struct Side {
    state: &'static str,
    publishes: bool,
    server: Server,
    operator_key: String,
    operator: Client,
    /// Nanoseconds of every creation, slice by slice.
    slices: Vec<Vec<f64>>,
}

pub(crate) fn measure(home: &Path, scale: &Scale) -> anyhow::Result<Table> {
    let line = Proxy::start();
    // In the field the brokers are other machines. Here theirs is another disk, since what they write would be part of every
    // fsync of the log, and they wait for a core until nobody else wants it.
    let memory = tempfile::tempdir_in("/dev/shm")?;
    let broker = Broker::behind(&line, &[("log.dirs", &memory.path().join("data").to_string_lossy())]);
    broker.give_way();
    line.delay(FAR, FAR);
    let near = broker.inside().get("bootstrap.servers").unwrap_or_default().to_owned();
    // Nobody listens there any more.
    let away = TcpListener::bind("127.0.0.1:0")?.local_addr()?.to_string();
    let far = broker.address();
    let states = [
        ("no Kafka set", None),
        ("no Kafka set, once more: the noise", None),
        ("Kafka up", Some((&near, true))),
        ("Kafka 200 ms away, each way", Some((&far, true))),
        ("Kafka down", Some((&away, false))),
        // Told apart: what is left beside a Kafka that is up may be its work on the same cores.
        ("no Kafka set, while another registry publishes", None),
    ];
    let mut sides = Vec::new();
    for (number, (state, kafka)) in states.into_iter().enumerate() {
        sides.push(Side::start(&home.join(format!("beside-{number}")), state, kafka)?);
    }
    let up = Client::new(&sides[2].server.command, Some(&sides[2].operator_key));
    for slice in 0..scale.slices {
        // Each comes first as often as the others: what one leaves to be done disturbs the next.
        for turn in 0..sides.len() {
            let side = (slice + turn) % sides.len();
            let beside_it = (side == sides.len() - 1).then_some(&up);
            thread::scope(|scope| {
                // As much as the relay of a side that publishes does: one creation begins its first transaction.
                let other = beside_it.map(|up| scope.spawn(move || post(up, "elsewhere")));
                let created = sides[side].create(slice, scale.creations);
                other.into_iter().for_each(|other| drop(other.join()));
                created
            })?;
        }
    }
    let mut table = Table::of_ratios("Creating a key over HTTP, beside Kafka");
    let (without, others) = sides.split_first().expect("there are six");
    table.rows.extend(others.iter().flat_map(|side| side.beside(without)));
    Ok(table)
}

impl Side {
    fn start(home: &Path, state: &'static str, kafka: Option<(&String, bool)>) -> anyhow::Result<Self> {
        std::fs::create_dir(home)?;
        let world = World::make(home, KEYS)?;
        let (brokers, prefix) = ("KEYLEDGER_KAFKA__BROKERS", "KEYLEDGER_KAFKA__TOPIC_PREFIX");
        let name = home.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let settings: &[_] = match kafka {
            Some((address, _)) => &[(brokers, address.as_str()), (prefix, name)],
            None => &[],
        };
        let mut server = Server::keyledger_with(&world, Workers::EveryCore, settings)?;
        server.first_right_answer(&world.secrets[KEYS - 1])?;
        let publishes = kafka.is_some_and(|(_, there)| there);
        if publishes {
            server.published(KEYS as u64)?;
        }
        server.rests()?;
        let operator = Client::new(&server.command, Some(&world.operator_key));
        Ok(Self { state, publishes, server, operator_key: world.operator_key, operator, slices: Vec::new() })
    }

    /// Creates so many keys, one after the other, and waits until what follows from them is done.
    fn create(&mut self, slice: usize, keys: usize) -> anyhow::Result<()> {
        let (mut nanos, mut position) = (Vec::with_capacity(keys), 0);
        for number in 0..keys {
            let begun = Instant::now();
            let answer = post(&self.operator, &format!("Key {number} of slice {slice}"));
            nanos.push(nanos_each(begun.elapsed(), 1));
            position = answer.expecting(201).position();
        }
        self.slices.push(nanos);
        if self.publishes { self.server.published(position) } else { Ok(()) }
    }

    fn beside(&self, without: &Self) -> Vec<Vec<String>> {
        let of_slices = |side: &Self| side.slices.iter().map(|slice| median(slice)).collect::<Vec<_>>();
        let p50 = (0.5, "p50", median_ratio(&of_slices(self), &of_slices(without)));
        // A slice is too short to have one of its own.
        let p99 = (0.99, "p99", self.all(0.99) / without.all(0.99));
        let rows = [p50, p99].map(|(part, name, ratio)| {
            let what = format!("a creation, request to answer, {name}: {}", self.state);
            let beside = format!("{} ({})", time(without.all(part)), without.state);
            row(what, time(self.all(part)), beside, ratio, "1")
        });
        rows.into()
    }

    /// The creation that this part of the others were faster than.
    fn all(&self, part: f64) -> f64 {
        quantile(&self.slices.concat(), part)
    }
}

fn post(operator: &Client, name: &str) -> Answer {
    operator.post("/v1/partners/acme/keys", &json!({ "name": name, "scopes": ["client:read"] })).send()
}
