use std::fs;
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rdkafka::ClientConfig;
use tempfile::TempDir;

use super::cluster;
use super::credentials::Credentials;
use super::java::{java, run};
use super::properties::{Ports, properties};
use super::proxy::Proxy;
use crate::free_port::free_port;
use crate::kept::Kept;
use crate::{Ran, random_bytes, within};

/// How long a start may take on a busy machine.
const START: Duration = Duration::from_secs(90);

/// A Kafka of one node, on a temporary directory and free ports. Dropping it kills its process, by its handle, and
/// removes the directory; its process does not outlive this one.
pub struct Broker {
    // Fields are dropped in their order: first the process, then the directory it writes into.
    process: Option<Kept>,
    ports: Ports,
    advertised: String,
    credentials: Option<Credentials>,
    home: TempDir,
}

impl Broker {
    /// Starts one that lets everybody in.
    ///
    /// # Panics
    /// Where it does not start, with what it said, or what has to be installed.
    #[must_use]
    #[track_caller]
    pub fn start() -> Self {
        Self::start_with(&[])
    }

    /// Starts one with more settings, as in `server.properties`. They hold for restarts too.
    ///
    /// # Panics
    /// As [`start`](Self::start).
    #[must_use]
    #[track_caller]
    pub fn start_with(settings: &[(&str, &str)]) -> Self {
        Self::launch(None, false, settings)
    }

    /// Starts one that clients reach through a proxy alone, also after they have asked it for its address. What the
    /// methods here do goes past the proxy.
    ///
    /// # Panics
    /// As [`start`](Self::start).
    #[must_use]
    #[track_caller]
    pub fn behind(proxy: &Proxy, settings: &[(&str, &str)]) -> Self {
        Self::launch(Some(proxy), false, settings)
    }

    /// Starts one whose clients speak TLS and bring a name and a password: see [`credentials`](Self::credentials).
    ///
    /// # Panics
    /// As [`start`](Self::start).
    #[must_use]
    #[track_caller]
    pub fn guarded() -> Self {
        Self::launch(None, true, &[])
    }

    #[track_caller]
    fn launch(proxy: Option<&Proxy>, guarded: bool, settings: &[(&str, &str)]) -> Self {
        let home = tempfile::tempdir().expect("a temporary directory");
        let ports = Ports { clients: free_port(), inside: free_port(), controller: free_port() };
        let credentials = guarded.then(|| Credentials::make_up(home.path()));
        let advertised = proxy.map_or_else(|| format!("127.0.0.1:{}", ports.clients), Proxy::address);
        if let Some(proxy) = proxy {
            proxy.lead_to(ports.clients);
        }
        let text = properties(home.path(), ports, &advertised, credentials.as_ref(), settings);
        fs::write(home.path().join(PROPERTIES), text).expect("the settings are written");
        format(home.path());
        let mut broker = Self { process: None, ports, advertised, credentials, home };
        broker.restart();
        broker
    }

    /// Ends the process at once, as `kill -9` does. What it had acknowledged is in its files.
    pub fn kill(&mut self) {
        self.process = None;
    }

    /// Starts it on the same ports and data after [`kill`](Self::kill), and waits until every partition has a leader.
    ///
    /// # Panics
    /// As [`start`](Self::start), or where it still runs.
    #[track_caller]
    pub fn restart(&mut self) {
        assert!(self.process.is_none(), "it still runs");
        let line = java(self.home.path(), "broker", "kafka.Kafka", &[PROPERTIES]);
        let mut process = Kept::start(self.home.path(), &line);
        let inside = format!("127.0.0.1:{}", self.ports.inside);
        let ready = within(START, || {
            // A client that asks too early waits a while before it asks again; a bare socket costs nothing.
            let answers = TcpStream::connect(&inside).is_ok() && cluster::is_ready(&self.inside());
            (answers || process.has_ended()).then_some(answers)
        });
        assert_eq!(ready, Some(true), "Kafka does not start; it says:\n{}", self.said());
        self.process = Some(process);
    }

    /// Sends it a signal by its name (`STOP`, `CONT`).
    ///
    /// # Panics
    /// Where it does not run.
    pub fn signal(&self, name: &str) {
        self.process.as_ref().expect("it runs").signal(name);
    }

    /// Lets every other program of this machine go first, as if it had one of its own.
    ///
    /// # Panics
    /// Where it does not run.
    pub fn give_way(&self) {
        self.process.as_ref().expect("it runs").give_way();
    }

    /// Where clients find it: bootstrap servers.
    #[must_use]
    pub fn address(&self) -> String {
        self.advertised.clone()
    }

    /// What lets clients in; none where everybody is.
    #[must_use]
    pub fn credentials(&self) -> Option<&Credentials> {
        self.credentials.as_ref()
    }

    /// A client of it as the programs under test are: through the proxy, with the credentials.
    #[must_use]
    pub fn client(&self) -> ClientConfig {
        let mut config = ClientConfig::new();
        config.set("bootstrap.servers", &self.advertised);
        if let Some(credentials) = &self.credentials {
            credentials.give_to(&mut config);
        }
        config
    }

    /// A client past every proxy and without credentials, for what a test wants to see or prepare.
    #[must_use]
    pub fn inside(&self) -> ClientConfig {
        let mut config = ClientConfig::new();
        config.set("bootstrap.servers", format!("127.0.0.1:{}", self.ports.inside));
        config
    }

    /// Makes a topic, with settings as `kafka-topics --config` takes them.
    ///
    /// # Panics
    /// Where it does not.
    #[track_caller]
    pub fn create_topic(&self, topic: &str, partitions: i32, settings: &[(&str, &str)]) {
        cluster::create_topic(&self.inside(), topic, partitions, settings);
    }

    /// Removes a topic, with all that is in it.
    ///
    /// # Panics
    /// Where it does not.
    #[track_caller]
    pub fn delete_topic(&self, topic: &str) {
        cluster::delete_topic(&self.inside(), topic);
    }

    /// How many partitions a topic has.
    ///
    /// # Panics
    /// Where there is no such topic.
    #[must_use]
    #[track_caller]
    pub fn partitions(&self, topic: &str) -> i32 {
        cluster::partitions(&self.inside(), topic)
    }

    /// Every segment on its disk: the files that hold the records of its topics, its own ones too.
    ///
    /// # Panics
    /// Where they cannot be listed.
    #[must_use]
    pub fn segments(&self) -> Vec<PathBuf> {
        let list = |folder: &Path| -> Vec<PathBuf> {
            let entries = fs::read_dir(folder).expect("a folder of the broker's");
            entries.map(|entry| entry.expect("an entry can be read").path()).collect()
        };
        let topics = list(&self.home.path().join("data")).into_iter().filter(|path| path.is_dir());
        let files = topics.flat_map(|topic| list(&topic));
        files.filter(|file| file.extension().is_some_and(|extension| extension == "log")).collect()
    }

    /// Runs Kafka's console consumer to its end: it needs `--topic`, and something that ends it (`--max-messages`,
    /// `--timeout-ms`).
    #[track_caller]
    pub fn console_consumer(&self, arguments: &[&str]) -> Ran {
        let inside = format!("127.0.0.1:{}", self.ports.inside);
        let arguments = [&["--bootstrap-server", &inside], arguments].concat();
        run(self.home.path(), "org.apache.kafka.tools.consumer.ConsoleConsumer", &arguments)
    }

    pub(super) fn home(&self) -> &Path {
        self.home.path()
    }

    /// The end of all it has said and logged.
    fn said(&self) -> String {
        let read = |file: &str| fs::read_to_string(self.home.path().join(file)).unwrap_or_default();
        let all = read("broker.log") + &read("said.log");
        let lines: Vec<_> = all.lines().collect();
        lines[lines.len().saturating_sub(60)..].join("\n")
    }
}

const PROPERTIES: &str = "server.properties";

/// Makes the data directory of a new node.
#[track_caller]
fn format(home: &Path) {
    // An id is 16 bytes in base64url without padding: 22 digits, of which the last has only two bits to say.
    let id = hex::encode(random_bytes::<11>())[..21].to_owned() + "A";
    let arguments = ["format", "--standalone", "-t", &id, "-c", PROPERTIES];
    run(home, "kafka.tools.StorageTool", &arguments).exited(0);
}
