use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use tempfile::TempDir;

use super::programs::{hand_over, line, run};
use crate::free_port::free_port;
use crate::kept::Kept;
use crate::within;

/// How long a start may take on a busy machine, after a crash.
const START: Duration = Duration::from_secs(60);

/// How long a stop may take.
const STOP: Duration = Duration::from_secs(30);

/// How the tests set PostgreSQL apart from its defaults: nothing that a commit's durability hangs on.
const SETTINGS: &[(&str, &str)] = &[
    ("listen_addresses", "127.0.0.1"),
    ("unix_socket_directories", ""),
    ("max_connections", "400"),
    // One process fewer, and no pauses of its own among short tests.
    ("autovacuum", "off"),
];

/// A PostgreSQL server on a temporary directory and a free port. Dropping it ends its process and removes the directory;
/// its process does not outlive this one.
pub struct Postgres {
    // Fields are dropped in their order: first the process, then the directory it writes into.
    process: Option<Kept>,
    port: u16,
    databases: AtomicU32,
    settings: Vec<(String, String)>,
    home: TempDir,
}

impl Postgres {
    /// Starts one.
    ///
    /// # Panics
    /// Where it does not start, with what it said, or what has to be installed.
    #[must_use]
    pub fn start() -> Self {
        Self::start_with(&[])
    }

    /// The role whose members are asked for their password; nobody else is.
    pub const ASKED: &str = "asked";

    /// Starts one with more settings, as in `postgresql.conf`.
    ///
    /// # Panics
    /// As [`start`](Self::start).
    #[must_use]
    pub fn start_with(settings: &[(&str, &str)]) -> Self {
        Self::start_in(tempfile::tempdir().expect("a temporary directory"), settings)
    }

    /// Starts one that speaks TLS with a certificate and its key, PEM.
    ///
    /// # Panics
    /// As [`start`](Self::start).
    #[must_use]
    pub fn start_over_tls(certificate: &str, key: &str) -> Self {
        let home = tempfile::tempdir().expect("a temporary directory");
        let [certificate, key] = [("certificate.pem", certificate), ("key.pem", key)].map(|(file, text)| {
            let path = home.path().join(file);
            fs::write(&path, text).expect("a file");
            fs::set_permissions(&path, Permissions::from_mode(0o600)).expect("permissions");
            path.to_string_lossy().into_owned()
        });
        Self::start_in(home, &[("ssl", "on"), ("ssl_cert_file", &certificate), ("ssl_key_file", &key)])
    }

    fn start_in(home: TempDir, settings: &[(&str, &str)]) -> Self {
        hand_over(home.path());
        let settings =
            SETTINGS.iter().chain(settings).map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        let mut server = Self {
            process: None,
            port: free_port(),
            databases: AtomicU32::new(0),
            settings: settings.collect(),
            home,
        };
        let data = server.data();
        // What is made anew each time need not survive a power cut.
        run(&line(
            "initdb",
            &["--no-sync", "--auth=trust", "--username=tester", "--encoding=UTF8", "--locale=C", "-D", &data],
        ));
        let rules = format!(
            "host all +{} 127.0.0.1/32 scram-sha-256\nhost all all 127.0.0.1/32 trust\n",
            Self::ASKED
        );
        fs::write(Path::new(&data).join("pg_hba.conf"), rules).expect("the rules of who is let in");
        server.begin();
        server.run("postgres", &format!("CREATE ROLE {}", Self::ASKED));
        server
    }

    /// Ends it as `pg_ctl stop -m immediate` does, without a word to anybody, and starts it again: it recovers.
    ///
    /// # Panics
    /// As [`start`](Self::start), or where it does not end.
    pub fn restart_at_once(&mut self) {
        self.end_at_once();
        self.begin();
    }

    /// Ends it as `pg_ctl stop -m immediate` does.
    ///
    /// # Panics
    /// Where it does not run, or does not end.
    pub fn end_at_once(&mut self) {
        let mut process = self.process.take().expect("it runs");
        process.signal("QUIT");
        let ended = within(STOP, || process.has_ended().then_some(()));
        assert!(ended.is_some(), "PostgreSQL does not end; it says:\n{}", self.said());
    }

    /// Starts it on its port and data, and waits until it lets people in.
    ///
    /// # Panics
    /// As [`start`](Self::start), or where it still runs.
    pub fn begin(&mut self) {
        assert!(self.process.is_none(), "it still runs");
        let (data, port) = (self.data(), format!("port={}", self.port));
        let settings = self.settings.iter().map(|(name, value)| format!("{name}={value}"));
        let settings: Vec<_> = settings.chain([port]).collect();
        let mut arguments = vec!["-D", &data];
        arguments.extend(settings.iter().flat_map(|setting| ["-c", setting]));
        let mut process = Kept::start(self.home.path(), &line("postgres", &arguments));
        let port = self.port.to_string();
        let ask = line("pg_isready", &["-q", "-h", "127.0.0.1", "-p", &port]);
        let ready = within(START, || {
            let answers = std::process::Command::new(&ask[0]).args(&ask[1..]).current_dir("/").status();
            let answers = answers.is_ok_and(|status| status.success());
            (answers || process.has_ended()).then_some(answers)
        });
        assert_eq!(ready, Some(true), "PostgreSQL does not start; it says:\n{}", self.said());
        self.process = Some(process);
    }

    /// The port that it listens on.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Makes an empty database, and tells its name.
    ///
    /// # Panics
    /// Where it does not.
    #[must_use]
    pub fn new_database(&self) -> String {
        let name = format!("registry_{}", self.databases.fetch_add(1, Ordering::Relaxed));
        self.run("postgres", &format!("CREATE DATABASE {name}"));
        name
    }

    /// The URL of a database, for its owner.
    #[must_use]
    pub fn url(&self, database: &str) -> String {
        self.url_by(self.port, database)
    }

    /// The URL of a database that is reached by another port.
    #[must_use]
    pub fn url_by(&self, port: u16, database: &str) -> String {
        format!("postgres://tester@127.0.0.1:{port}/{database}")
    }

    /// Runs SQL in a database, past everything that is under test; what it answers is a row a line, unaligned.
    ///
    /// # Panics
    /// Where it fails, with what the server said.
    #[track_caller]
    pub fn run(&self, database: &str, sql: &str) -> String {
        let url = self.url(database);
        run(&line("psql", &["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-d", &url, "-c", sql]))
            .trim()
            .to_owned()
    }

    fn data(&self) -> String {
        self.home.path().join("data").to_string_lossy().into_owned()
    }

    fn said(&self) -> String {
        let file: PathBuf = self.home.path().join("said.log");
        fs::read_to_string(file).unwrap_or_default()
    }
}

/// Backends outlive a server that is killed for a moment; one that is asked to end takes them with it.
impl Drop for Postgres {
    fn drop(&mut self) {
        if let Some(mut process) = self.process.take() {
            process.signal("QUIT");
            let _ = within(STOP, || process.has_ended().then_some(()));
        }
    }
}
