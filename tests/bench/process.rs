//! The servers that are measured, each a process of its own.

use std::collections::BTreeMap;
use std::fs;
use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail, ensure};
use keyledger_tests::Client;

use crate::load;
use crate::world::{Sent, World};

/// How long a start from the largest log may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(300);

/// How long the kernel's unit of a process's time is: 1/100 s on every Linux.
const TICK: Duration = Duration::from_millis(10);

/// How many threads serve requests. A server takes one for each core that it may use.
#[derive(Clone, Copy)]
pub(crate) enum Workers {
    /// It is kept on the first core.
    One,
    /// It may use all.
    EveryCore,
}

/// A running server. Dropping it kills it.
pub(crate) struct Server {
    child: Child,
    /// Where requests are authorised, or only answered.
    pub(crate) validator: SocketAddr,
    /// The management API; of keyledger only.
    pub(crate) command: String,
    ops: String,
    /// What it wrote on stderr.
    said: PathBuf,
}

/// Builds the binary that is measured; what is up to date is not built again.
pub(crate) fn build() -> anyhow::Result<()> {
    let mut cargo = Command::new("cargo");
    cargo.args(["build", "--release", "--locked", "-p", "keyledger"]).current_dir(env!("CARGO_MANIFEST_DIR"));
    let status = cargo.status()?;
    ensure!(status.success(), "the binary was not built");
    Ok(())
}

/// The binary that is measured: it lies beside this one.
pub(crate) fn keyledger() -> anyhow::Result<PathBuf> {
    Ok(std::env::current_exe()?.with_file_name("keyledger"))
}

impl Server {
    /// `keyledger serve` on a world.
    pub(crate) fn keyledger(world: &World, workers: Workers) -> anyhow::Result<Self> {
        Self::keyledger_with(world, workers, &[])
    }

    /// The same, with settings by their names in the environment.
    pub(crate) fn keyledger_with(
        world: &World,
        workers: Workers,
        settings: &[(&str, &str)],
    ) -> anyhow::Result<Self> {
        let [command, validator, ops] = free_addresses()?;
        let mut serve = workers.command(keyledger()?);
        serve.arg("serve").arg("--data-dir").arg(&world.directory);
        serve.args(["--listen-command", &command.to_string()]);
        serve.args(["--listen-validator", &validator.to_string(), "--listen-ops", &ops.to_string()]);
        serve.envs(settings.iter().copied());
        let said = world.directory.with_extension("stderr");
        serve.stdin(Stdio::null()).stdout(Stdio::null()).stderr(fs::File::create(&said)?);
        let (command, ops) = (format!("http://{command}"), format!("http://{ops}"));
        Ok(Self { child: serve.spawn()?, validator, command, ops, said })
    }

    /// A server that only says hello; see [`hello`](crate::hello).
    pub(crate) fn hello(kind: &str, workers: Workers) -> anyhow::Result<Self> {
        let [address] = free_addresses()?;
        let mut hello = workers.command(std::env::current_exe()?);
        let child = hello.args(["hello", kind, &address.to_string()]).stdin(Stdio::null()).spawn()?;
        Ok(Self {
            child,
            validator: address,
            command: String::new(),
            ops: String::new(),
            said: PathBuf::new(),
        })
    }

    /// Waits until it lets a request with this secret through.
    pub(crate) fn first_right_answer(&mut self, secret: &Sent) -> anyhow::Result<()> {
        self.wait("answer rightly", |server| load::ask(server.validator, secret) == Some(200))
    }

    /// Waits until every role is ready: the lists have caught up, too.
    pub(crate) fn ready(&mut self) -> anyhow::Result<()> {
        self.wait("become ready", |server| {
            let answer = Client::new(&server.ops, None).get("/readyz").try_send();
            answer.is_ok_and(|answer| answer.status == 200)
        })
    }

    /// Waits until its relay has published everything up to a position.
    pub(crate) fn published(&mut self, position: u64) -> anyhow::Result<()> {
        self.wait("publish", |server| {
            let Ok(answer) = Client::new(&server.ops, None).get("/readyz").try_send() else { return false };
            let roles = answer.json()["roles"].as_array().cloned().unwrap_or_default();
            let relay = roles.iter().find(|role| role["role"] == "relay");
            relay.and_then(|relay| relay["position"].as_u64()).is_some_and(|published| published >= position)
        })
    }

    /// Waits until it rests: after a start it reads its whole log once more beside everything else, and what that takes is
    /// not the price of a request.
    pub(crate) fn rests(&mut self) -> anyhow::Result<()> {
        self.wait("come to rest", |server| {
            let before = server.processor_time();
            thread::sleep(Duration::from_millis(500));
            matches!((before, server.processor_time()), (Ok(before), Ok(after)) if after - before <= 2 * TICK)
        })
    }

    fn wait(&mut self, what: &str, done: impl Fn(&Self) -> bool) -> anyhow::Result<()> {
        let begun = Instant::now();
        while !done(self) {
            if let Some(status) = self.child.try_wait()? {
                let said = fs::read_to_string(&self.said).unwrap_or_default();
                bail!("a server ended ({status}) before it did {what}: {said}");
            }
            ensure!(begun.elapsed() < PATIENCE, "a server does not {what}");
            thread::sleep(Duration::from_millis(1));
        }
        Ok(())
    }

    /// The time that the processor spent on it so far, its own and the system's.
    pub(crate) fn processor_time(&self) -> anyhow::Result<Duration> {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.child.id()))?;
        // The second field, a name in parentheses, may hold anything; the 14th and 15th are the times.
        let (_, fields) = stat.rsplit_once(") ").context("a line of /proc/*/stat")?;
        let ticks = fields.split(' ').skip(11).take(2).map(str::parse::<u32>).sum::<Result<u32, _>>()?;
        Ok(TICK * ticks)
    }

    /// The same for each of its threads, by their ids, to the nanosecond.
    pub(crate) fn thread_times(&self) -> anyhow::Result<BTreeMap<u32, Duration>> {
        let mut times = BTreeMap::new();
        for thread in fs::read_dir(format!("/proc/{}/task", self.child.id()))? {
            let thread = thread?;
            let id = thread.file_name().to_string_lossy().parse()?;
            // One that ended meanwhile has no more to tell.
            let Ok(line) = fs::read_to_string(thread.path().join("schedstat")) else { continue };
            let nanos = line.split(' ').next().context("a line of /proc/*/task/*/schedstat")?.parse()?;
            times.insert(id, Duration::from_nanos(nanos));
        }
        Ok(times)
    }

    /// Asks it to end, so that it leaves a snapshot behind, and waits.
    pub(crate) fn stop(mut self) -> anyhow::Result<()> {
        let kill = format!("kill -TERM {}", self.child.id());
        ensure!(Command::new("sh").args(["-c", &kill]).status()?.success(), "a server is gone");
        let status = self.child.wait()?;
        ensure!(status.success(), "a server ended with {status}");
        Ok(())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // One that was stopped is no longer there to be killed.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Workers {
    fn command(self, program: PathBuf) -> Command {
        match self {
            Self::EveryCore => Command::new(program),
            Self::One => {
                let mut command = Command::new("taskset");
                command.args(["--cpu-list", "0"]).arg(program);
                command
            }
        }
    }
}

/// Addresses that were free a moment ago, each another one.
fn free_addresses<const N: usize>() -> anyhow::Result<[SocketAddr; N]> {
    let listeners = (0..N).map(|_| TcpListener::bind("127.0.0.1:0")).collect::<Result<Vec<_>, _>>()?;
    let addresses = listeners.iter().map(TcpListener::local_addr).collect::<Result<Vec<_>, _>>()?;
    Ok(addresses.try_into().expect("as many as there are listeners"))
}
