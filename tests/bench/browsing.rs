//! People who look at pages of the portal, beside requests that are authorised by the same process.

use std::collections::BTreeMap;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use keyledger_tests::Dice;
use reqwest::blocking::Client;
use reqwest::redirect::Policy;
use serde_json::Value;

use crate::load::Load;
use crate::process::{Server, Workers, keyledger};
use crate::report::{Table, row};
use crate::scale::Scale;
use crate::statistics::{grouped, median, median_ratio, nanos_each, quantile, time};
use crate::world::{LARGEST_PARTNER, World};

/// How many people browse at once.
const PEOPLE: usize = 200;

/// How many browsers one account is signed in with: as often as one name may try at once.
const BROWSERS: usize = 10;

/// How long each looks at a page before they open the next one.
const LOOK: Duration = Duration::from_secs(2);

/// What they open, in turn, under a partner.
const PAGES: [&str; 4] = ["developer", "developer/rows?search=key", "keys/new", "team"];

/// Rounds with and without people alternate.
pub(crate) fn measure(world: &World, dice: &mut Dice, scale: &Scale) -> anyhow::Result<Table> {
    let accounts =
        (0..PEOPLE / BROWSERS).map(|number| account(world, number)).collect::<Result<Vec<_>, _>>()?;
    let mut server = Server::keyledger(world, Workers::EveryCore)?;
    server.ready()?;
    server.rests()?;
    let mut people = Vec::new();
    for (name, password) in &accounts {
        for _ in 0..BROWSERS {
            people.push(Person::sign_in(&server.command, name, password)?);
        }
    }
    let mut load = Load::open(server.validator, 1)?;
    let of_validator = busiest(&server, |dice| load.run(&world.secrets, dice, Duration::from_secs(1)), dice)?;
    let (mut alone, mut beside, mut pages) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..scale.slices {
        alone.push(authorise(&server, &of_validator, &mut load, world, dice, scale)?);
        let stop = AtomicBool::new(false);
        let (measured, seen) = thread::scope(|scope| {
            let browsing = scope.spawn(|| browse(&mut people, &stop));
            // Until everybody has opened a page.
            thread::sleep(LOOK);
            let measured = authorise(&server, &of_validator, &mut load, world, dice, scale);
            stop.store(true, Ordering::Release);
            (measured, browsing.join().expect("browsing does not panic"))
        });
        beside.push(measured?);
        pages.extend(seen?);
    }
    let mut table = Table::of_ratios("The portal beside the validator, in one process");
    let what =
        format!("authorising while {PEOPLE} people browse, validator's processor time for each request");
    table.rows.push(row(
        what,
        time(median(&beside)),
        format!("{} (nobody browses)", time(median(&alone))),
        median_ratio(&beside, &alone),
        "≤ 1.05",
    ));
    for (part, name) in [(0.5, "p50"), (0.99, "p99")] {
        let keys = grouped(world.keys() / 10);
        let what =
            format!("a page of a partner with {keys} keys meanwhile, {name}, {} pages", grouped(pages.len()));
        let figures = [what, time(quantile(&pages, part)), "–".to_owned(), "–".to_owned(), "–".to_owned()];
        table.rows.push(figures.into());
    }
    Ok(table)
}

/// The validator's processor time for each request, of its own threads alone.
fn authorise(
    server: &Server,
    threads: &[u32],
    load: &mut Load,
    world: &World,
    dice: &mut Dice,
    scale: &Scale,
) -> anyhow::Result<f64> {
    let taken = || -> anyhow::Result<Duration> {
        let times = server.thread_times()?;
        Ok(threads.iter().filter_map(|thread| times.get(thread)).sum())
    };
    let before = taken()?;
    let asked = load.run(&world.secrets, dice, scale.slice)?;
    Ok(nanos_each(taken()? - before, asked))
}

/// The threads that do nearly all of something: all listeners' workers have one name.
fn busiest(
    server: &Server,
    mut something: impl FnMut(&mut Dice) -> anyhow::Result<usize>,
    dice: &mut Dice,
) -> anyhow::Result<Vec<u32>> {
    let before = server.thread_times()?;
    something(dice)?;
    let after = server.thread_times()?;
    let spent: BTreeMap<u32, Duration> = after
        .into_iter()
        .map(|(id, time)| (id, time - before.get(&id).copied().unwrap_or_default()))
        .collect();
    let most = spent.values().max().copied().unwrap_or_default();
    let found: Vec<_> = spent.into_iter().filter(|(_, time)| *time * 10 > most).map(|(id, _)| id).collect();
    ensure!(
        found.len() <= thread::available_parallelism()?.get(),
        "more threads answer than there are workers"
    );
    Ok(found)
}

/// Somebody's name and password; an admin of the largest partner.
fn account(world: &World, number: usize) -> anyhow::Result<(String, String)> {
    let name = format!("admin-{number}");
    let mut add = Command::new(keyledger()?);
    add.args(["users", "add", &name, "--partner", LARGEST_PARTNER, "--role", "admin", "--json"]);
    let output = add.arg("--data-dir").arg(&world.directory).output()?;
    ensure!(output.status.success(), "nobody was added: {}", String::from_utf8_lossy(&output.stderr));
    let added: Value = serde_json::from_slice(&output.stdout)?;
    Ok((name, added["password"].as_str().context("a password")?.to_owned()))
}

/// Somebody who is signed in, on a connection of their own.
struct Person {
    connection: TcpStream,
    host: String,
    cookie: String,
    opened: usize,
}

impl Person {
    fn sign_in(portal: &str, name: &str, password: &str) -> anyhow::Result<Self> {
        let client = Client::builder().redirect(Policy::none()).build()?;
        let form = client.post(format!("{portal}/sign-in")).header("Origin", portal);
        let form = form.header("Content-Type", "application/x-www-form-urlencoded");
        let answer = form.body(format!("username={name}&password={password}")).send()?;
        let cookie = answer.headers().get("set-cookie").context("a session: signing in was refused")?;
        let cookie = cookie.to_str()?.split(';').next().unwrap_or_default().to_owned();
        let host = portal.trim_start_matches("http://").to_owned();
        Ok(Self { connection: connect(&host)?, host, cookie, opened: 0 })
    }

    /// Comes back after a while: the portal lets go of connections that nobody uses.
    fn return_to(&mut self) -> anyhow::Result<()> {
        self.connection = connect(&self.host)?;
        Ok(())
    }

    /// Opens the next page; how long it took, in nanoseconds.
    fn open(&mut self, buffer: &mut Vec<u8>) -> anyhow::Result<f64> {
        let page = PAGES[self.opened % PAGES.len()];
        self.opened += 1;
        let (host, cookie) = (&self.host, &self.cookie);
        let begun = Instant::now();
        let request = format!(
            "GET /partners/{LARGEST_PARTNER}/{page} HTTP/1.1\r\nHost: {host}\r\nCookie: {cookie}\r\n\r\n"
        );
        self.connection.write_all(request.as_bytes())?;
        buffer.clear();
        let length = loop {
            let mut read = [0; 16 * 1024];
            let count = self.connection.read(&mut read)?;
            ensure!(count > 0, "the portal closed a connection");
            buffer.extend_from_slice(&read[..count]);
            if let Some(length) = whole(buffer)? {
                break length;
            }
        };
        while buffer.len() < length {
            let mut read = [0; 16 * 1024];
            let count = self.connection.read(&mut read)?;
            ensure!(count > 0, "the portal closed a connection");
            buffer.extend_from_slice(&read[..count]);
        }
        ensure!(
            buffer.starts_with(b"HTTP/1.1 200"),
            "{page} is refused: {}",
            String::from_utf8_lossy(buffer)
        );
        Ok(nanos_each(begun.elapsed(), 1))
    }
}

fn connect(host: &str) -> anyhow::Result<TcpStream> {
    let connection = TcpStream::connect(host)?;
    connection.set_nodelay(true)?;
    connection.set_read_timeout(Some(Duration::from_secs(30)))?;
    Ok(connection)
}

/// How long the whole answer is, once its head is there.
fn whole(answer: &[u8]) -> anyhow::Result<Option<usize>> {
    let Some(end) = answer.windows(4).position(|window| window == b"\r\n\r\n") else { return Ok(None) };
    let head = std::str::from_utf8(&answer[..end])?.to_ascii_lowercase();
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
    Ok(Some(end + 4 + length.context("the length of a page")?.trim().parse::<usize>()?))
}

/// Everybody opens a page, looks at it, and opens the next; how long each page took.
fn browse(people: &mut [Person], stop: &AtomicBool) -> anyhow::Result<Vec<f64>> {
    let (mut taken, mut buffer) = (Vec::new(), Vec::new());
    people.iter_mut().try_for_each(Person::return_to)?;
    let begun = Instant::now();
    for turn in 0_u32.. {
        if stop.load(Ordering::Acquire) {
            break;
        }
        let due = LOOK / u32::try_from(people.len())? * turn;
        thread::sleep(due.saturating_sub(begun.elapsed()));
        let person = turn as usize % people.len();
        taken.push(people[person].open(&mut buffer)?);
    }
    Ok(taken)
}
