use std::fs::{self, File, OpenOptions, Permissions};
use std::io::Write as _;
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use serde_json::Value;

use crate::terminal::forget_settings;
use crate::{Answer, Client, binary, random_bytes, within};

/// How long a role may take on a busy machine to become ready, or to say why it does not.
const PATIENCE: Duration = Duration::from_secs(60);

/// One role (`relay`, `validator`, …) as a process of its own, on a log that a registry writes. Dropping it kills the process.
pub struct RoleProcess {
    child: Child,
    ended: Option<ExitStatus>,
    output: [PathBuf; 2],
}

impl RoleProcess {
    /// Starts one on a data directory, with settings by their names in the environment. Its output is kept beside the data.
    ///
    /// # Panics
    /// Where there is nothing to start.
    #[must_use]
    pub fn start(role: &str, data_dir: &Path, settings: &[(String, String)]) -> Self {
        let name = hex::encode(random_bytes::<4>());
        let home = data_dir.parent().expect("a data directory lies in a home");
        let output = ["stdout", "stderr"].map(|stream| home.join(format!("{role}-{stream}-{name}.log")));
        let mut command = Command::new(binary());
        command.args([role, "--json", "--data-dir"]).arg(data_dir);
        command.current_dir(home).stdin(Stdio::null());
        let [stdout, stderr] =
            output.each_ref().map(|path| File::create(path).expect("a file for its output"));
        command.stdout(stdout).stderr(stderr);
        forget_settings(&mut command);
        command.envs(
            ["COMMAND", "VALIDATOR", "OPS"].map(|name| (format!("KEYLEDGER_LISTEN__{name}"), "127.0.0.1:0")),
        );
        command.envs(settings.iter().map(|(name, value)| (name, value)));
        let child = command.spawn().expect("the binary can be started");
        Self { child, ended: None, output }
    }

    /// What `/readyz` answers; none where nobody answers.
    #[must_use]
    pub fn readiness(&self) -> Option<Answer> {
        self.ops()?.get("/readyz").try_send().ok()
    }

    /// The value of one of its metrics; none where nobody answers, or nothing was measured.
    #[must_use]
    pub fn metric(&self, name: &str) -> Option<f64> {
        let text = self.ops()?.get("/metrics").try_send().ok()?.text();
        text.lines().find_map(|line| line.strip_prefix(name)?.trim().parse().ok())
    }

    /// Its authentication API, for whoever brings a key with each call; none where it has none, or does not run yet.
    #[must_use]
    pub fn validator(&self) -> Option<Client> {
        self.address("validator")
    }

    fn ops(&self) -> Option<Client> {
        self.address("ops")
    }

    /// One of its listeners, by its name in the line of its start; none where it has none, or does not run yet.
    #[must_use]
    pub fn address(&self, listener: &str) -> Option<Client> {
        let said = fs::read_to_string(&self.output[0]).ok()?;
        let line: Value = serde_json::from_str(said.lines().next()?).ok()?;
        Some(Client::new(line[listener].as_str()?, None))
    }

    /// Waits until it is ready: a relay then has published everything that the log holds, a validator has read it.
    ///
    /// # Panics
    /// Where it does not, with what it said.
    #[track_caller]
    pub fn expect_live(&mut self) {
        let live = within(PATIENCE, || match self.ended() {
            Some(_) => Some(false),
            None => self.readiness().filter(|answer| answer.status == 200).map(|_| true),
        });
        let told = self.readiness().map(|answer| answer.text());
        assert_eq!(live, Some(true), "it does not become ready: {}\n{told:?}", self.said());
    }

    /// Waits until it has ended by itself with exit code 1, and said every one of `words`.
    ///
    /// # Panics
    /// Where it goes on, or says something else.
    #[track_caller]
    pub fn expect_end(&mut self, words: &[&str]) {
        let ended = within(PATIENCE, || self.ended());
        let said = self.said();
        assert_eq!(ended.and_then(|status| status.code()), Some(1), "it should have ended: {said}");
        for word in words {
            assert!(said.contains(word), "it should say {word:?}, but it says: {said}");
        }
    }

    /// How it ended, if it has.
    ///
    /// # Panics
    /// Where the system does not tell.
    pub fn ended(&mut self) -> Option<ExitStatus> {
        if self.ended.is_none() {
            self.ended = self.child.try_wait().expect("a child can be asked");
        }
        self.ended
    }

    /// Ends it at once, as `kill -9` does.
    ///
    /// # Panics
    /// Where the system does not let us.
    pub fn kill(&mut self) {
        self.child.kill().expect("a child can be killed");
        self.ended = Some(self.child.wait().expect("a killed child ends"));
    }

    /// Sends a signal by its name (`TERM`, `STOP`, `CONT`).
    ///
    /// # Panics
    /// Where it does not run.
    pub fn signal(&self, name: &str) {
        let sent = Command::new("sh").arg("-c").arg(format!("kill -{name} {}", self.child.id())).status();
        assert!(sent.expect("there is a shell").success(), "the process is gone");
    }

    /// What it wrote so far, on stdout and stderr.
    #[must_use]
    pub fn said(&self) -> String {
        self.output.each_ref().map(|path| fs::read_to_string(path).unwrap_or_default()).concat()
    }
}

impl Drop for RoleProcess {
    fn drop(&mut self) {
        // It may have ended; there is nobody to tell either way.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Another data directory with the same log, as a second machine sees the one log of both: the lock that keeps two relays
/// on one machine apart is not in the way.
///
/// # Panics
/// Where the file system refuses.
#[must_use]
pub fn second_machine(data_dir: &Path, name: &str) -> PathBuf {
    let other = data_dir.with_file_name(name);
    for directory in [other.clone(), other.join("run"), other.join("snapshots")] {
        fs::create_dir_all(&directory).expect("a directory");
        fs::set_permissions(&directory, Permissions::from_mode(0o700)).expect("permissions");
    }
    symlink(data_dir.join("log.db"), other.join("log.db")).expect("a link");
    other
}

/// A file of properties of the Kafka client, as `kafka.client_file` names it.
///
/// # Panics
/// Where it cannot be written.
#[must_use]
pub fn client_file(home: &Path, properties: &[(&str, &str)]) -> PathBuf {
    let path = home.join(format!("kafka-client-{}", hex::encode(random_bytes::<4>())));
    let mut file =
        OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path).expect("a new file");
    for (name, value) in properties {
        writeln!(file, "{name}={value}").expect("it is written");
    }
    path
}
