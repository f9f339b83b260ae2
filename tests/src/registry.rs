use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitStatus;
use std::time::Duration;

use keyledger_read_models::{Database, LastUsedReader};
use tempfile::TempDir;

use crate::log_store::{READ_MODELS, settings_of_new_log};
use crate::running::{Running, read_stderr};
use crate::{Addresses, Answer, Client, NotStarted, Terminal, within};

/// How long a graceful stop may take before a test calls it hanging.
const STOP: Duration = Duration::from_secs(30);

/// A registry of its own on a temporary directory and free ports: `keyledger serve`, or a process for each role where the
/// run says so. Dropping it kills its processes, by their handles, and removes the directory.
pub struct Registry {
    home: TempDir,
    /// Where its log is; a restart changes that as little as its home.
    log: Vec<(String, String)>,
    settings: Vec<(String, String)>,
    running: Option<Running>,
    addresses: Addresses,
}

impl Registry {
    /// Starts one with the default settings.
    ///
    /// # Panics
    /// Where it does not become ready, with what it said.
    #[must_use]
    #[track_caller]
    pub fn start() -> Self {
        Self::with(&[])
    }

    /// Starts one with settings, by their names in the environment: `("KEYLEDGER_VALIDATOR__VERIFY", "false")`. They
    /// hold for restarts too.
    ///
    /// # Panics
    /// As [`start`](Self::start).
    #[must_use]
    #[track_caller]
    pub fn with(settings: &[(&str, &str)]) -> Self {
        Self::in_home(tempfile::tempdir().expect("a temporary directory"), settings)
    }

    /// Starts one whose read models are files, wherever this run keeps its logs.
    ///
    /// # Panics
    /// As [`start`](Self::start).
    #[must_use]
    #[track_caller]
    pub fn with_models_in_files() -> Self {
        let mut log = settings_of_new_log();
        log.retain(|(name, _)| name != READ_MODELS);
        let home = tempfile::tempdir().expect("a temporary directory");
        Self::try_in(home, log, &[]).unwrap_or_else(|refusal| panic!("it does not start: {refusal:?}"))
    }

    /// Starts one in a directory that a test has prepared; its data directory is `data` in there.
    ///
    /// # Panics
    /// As [`start`](Self::start).
    #[must_use]
    #[track_caller]
    pub fn in_home(home: TempDir, settings: &[(&str, &str)]) -> Self {
        Self::try_in_home(home, settings).unwrap_or_else(|refusal| panic!("it does not start: {refusal:?}"))
    }

    /// Starts one in a directory that a test has prepared, where a refusal is an answer too.
    ///
    /// # Errors
    /// [`NotStarted`] where it ended, or said nothing for a minute.
    pub fn try_in_home(home: TempDir, settings: &[(&str, &str)]) -> Result<Self, NotStarted> {
        Self::try_in(home, settings_of_new_log(), settings)
    }

    fn try_in(
        home: TempDir,
        log: Vec<(String, String)>,
        settings: &[(&str, &str)],
    ) -> Result<Self, NotStarted> {
        let settings: Vec<_> =
            settings.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let running = Running::launch(home.path(), &[log.as_slice(), &settings].concat())?;
        let addresses = running.addresses.clone();
        Ok(Self { home, log, settings, running: Some(running), addresses })
    }

    /// Starts it again on the same data directory, on new ports, after [`kill`](Self::kill) or [`stop`](Self::stop).
    ///
    /// # Panics
    /// As [`start`](Self::start), or where it still runs.
    #[track_caller]
    pub fn restart(&mut self) {
        if let Err(refusal) = self.try_restart() {
            panic!("it does not start again: {refusal:?}");
        }
    }

    /// Starts it again as [`restart`](Self::restart), with these settings in the place of those that it had.
    ///
    /// # Panics
    /// As [`restart`](Self::restart).
    #[track_caller]
    pub fn restart_with(&mut self, settings: &[(&str, &str)]) {
        self.settings =
            settings.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        self.restart();
    }

    /// Starts it again, where a refusal is an answer too.
    ///
    /// # Errors
    /// [`NotStarted`] where it ended, or said nothing for a minute.
    pub fn try_restart(&mut self) -> Result<(), NotStarted> {
        assert!(self.running.is_none(), "it still runs");
        let settings = [self.log.as_slice(), &self.settings].concat();
        let running = Running::launch(self.home.path(), &settings)?;
        self.addresses = running.addresses.clone();
        self.running = Some(running);
        Ok(())
    }

    /// Ends its processes at once, as `kill -9` does.
    ///
    /// # Panics
    /// Where it does not run.
    pub fn kill(&mut self) {
        drop(self.running.take().expect("it runs"));
    }

    /// Sends a signal by its name (`TERM`, `STOP`, `CONT`).
    ///
    /// # Panics
    /// Where it does not run.
    pub fn signal(&self, name: &str) {
        self.running.as_ref().expect("it runs").signal(name);
    }

    /// Waits for the process to end by itself.
    ///
    /// # Panics
    /// Where it does not run, or goes on for longer than half a minute.
    #[track_caller]
    pub fn ended(&mut self) -> ExitStatus {
        let ended = self.running.as_mut().expect("it runs").ended(STOP);
        let status = ended.unwrap_or_else(|| panic!("it goes on; it said:\n{}", self.stderr()));
        self.running = None;
        status
    }

    /// Asks it to end, as a service manager does, and waits.
    ///
    /// # Panics
    /// As [`ended`](Self::ended).
    #[track_caller]
    pub fn stop(&mut self) -> ExitStatus {
        self.signal("TERM");
        self.ended()
    }

    /// The id of its process.
    ///
    /// # Panics
    /// Where it does not run.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.running.as_ref().expect("it runs").pid()
    }

    /// Where it listens; new after each restart.
    #[must_use]
    pub fn addresses(&self) -> &Addresses {
        &self.addresses
    }

    /// The directory it runs in: a `keyledger.toml` there is read.
    #[must_use]
    pub fn home(&self) -> &Path {
        self.home.path()
    }

    /// Its data directory.
    #[must_use]
    pub fn data_dir(&self) -> PathBuf {
        self.home.path().join("data")
    }

    /// All it wrote on stderr, over every start.
    #[must_use]
    pub fn stderr(&self) -> String {
        read_stderr(self.home.path())
    }

    /// The first operator key.
    ///
    /// # Panics
    /// Where its file is gone.
    #[must_use]
    pub fn operator_key(&self) -> String {
        let key =
            fs::read_to_string(self.data_dir().join("operator-key")).expect("the file of the operator key");
        key.trim().to_owned()
    }

    /// The management API, as the first operator.
    #[must_use]
    pub fn operator(&self) -> Client {
        self.management(&self.operator_key())
    }

    /// The management API, as whoever holds `key`.
    #[must_use]
    pub fn management(&self, key: &str) -> Client {
        Client::new(&self.addresses.command, Some(key))
    }

    /// Waits until a validator in a process of its own has read everything that was recorded before; one in the same process
    /// has, when a command is answered.
    ///
    /// # Panics
    /// Where it does not come so far.
    pub fn settle(&self) {
        self.running.iter().for_each(Running::settle);
    }

    /// Waits until a checkpoint covers every event that there is now; the checkpoint.
    ///
    /// # Panics
    /// Where it is not signed within half a minute.
    #[must_use]
    #[track_caller]
    pub fn signed(&self) -> String {
        let operator = self.operator();
        let events = operator.get("/v1/events").send().expecting(200).text().lines().count();
        let covers = || {
            let checkpoint = operator.get("/v1/transparency/checkpoint").send();
            let text = Some(checkpoint.text()).filter(|_| checkpoint.status == 200)?;
            let size: usize = text.lines().nth(1)?.parse().ok()?;
            (size >= events).then_some(text)
        };
        within(STOP, covers).unwrap_or_else(|| panic!("not signed: {}", self.stderr()))
    }

    /// The authentication API, for whoever brings a key with each call. [Settled](Self::settle).
    #[must_use]
    pub fn validator(&self) -> Client {
        self.settle();
        Client::new(&self.addresses.validator, None)
    }

    /// The operations listener.
    #[must_use]
    pub fn ops(&self) -> Client {
        Client::new(&self.addresses.ops, None)
    }

    /// The operations listener of the process that judges requests.
    #[must_use]
    pub fn validator_ops(&self) -> Client {
        let of_its_own = self.running.as_ref().and_then(|running| running.validator_ops.as_deref());
        Client::new(of_its_own.unwrap_or(&self.addresses.ops), None)
    }

    /// `GET /v1/health` with a key.
    #[track_caller]
    pub fn health(&self, secret: &str) -> Answer {
        self.validator().get("/v1/health").key(secret).send()
    }

    /// `GET /v1/authorize?query` with a key.
    #[track_caller]
    pub fn authorize(&self, secret: &str, query: &str) -> Answer {
        self.validator().get(&format!("/v1/authorize?{query}")).key(secret).send()
    }

    /// When its secrets were last used, as it was written down.
    ///
    /// # Panics
    /// Where the database of its read models cannot be reached.
    #[must_use]
    pub fn last_used(&self) -> LastUsedReader {
        match self.log.iter().chain(&self.settings).rfind(|(name, _)| name == READ_MODELS) {
            None => LastUsedReader::new(self.data_dir().join("last-used.db")),
            Some((_, url)) => {
                let database = Database::new(url.parse().expect("a URL")).expect("a thread");
                LastUsedReader::in_database(&database)
            }
        }
    }

    /// The command line beside it, which finds this registry and its operator key by settings.
    #[must_use]
    pub fn terminal(&self) -> Terminal {
        let terminal = Terminal::new(self.home.path())
            .set("KEYLEDGER_SERVER__DATA_DIR", &self.data_dir().to_string_lossy())
            .set("KEYLEDGER_CLIENT__URL", &self.addresses.command);
        self.log.iter().fold(terminal, |terminal, (name, value)| terminal.set(name, value))
    }
}
