use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use crate::free_port::free_port;
use crate::terminal::forget_settings;
use crate::{Addresses, Answer, Client, binary, random_bytes, within};

/// How long a start may take on a busy machine to become ready, or to say why it does not.
const START: Duration = Duration::from_secs(60);

/// How long a running one may take to tell what it has found out.
const ALARM: Duration = Duration::from_secs(20);

/// A start of `keyledger serve` that may come to nothing: its ports are known before it says a word, and both its outputs
/// are kept. Dropping it kills its process.
pub struct Launch {
    child: Child,
    ended: Option<ExitStatus>,
    addresses: Addresses,
    output: [PathBuf; 2],
}

impl Launch {
    /// Starts it in a home that a [`Registry`](crate::Registry) has, or that a test has prepared; the data directory is
    /// `data` in there. Settings are given by their names in the environment.
    ///
    /// # Panics
    /// Where there is nothing to start.
    #[must_use]
    pub fn on(home: &Path, settings: &[(&str, &str)]) -> Self {
        let name = hex::encode(random_bytes::<4>());
        let output = ["stdout", "stderr"].map(|stream| home.join(format!("{stream}-{name}.log")));
        let ports = [free_port(), free_port(), free_port()].map(|port| format!("127.0.0.1:{port}"));
        let data_dir = home.join("data");
        let mut command = Command::new(binary());
        command.args(["serve", "--json", "--data-dir"]).arg(&data_dir);
        command.args([
            "--listen-command",
            &ports[0],
            "--listen-validator",
            &ports[1],
            "--listen-ops",
            &ports[2],
        ]);
        command.current_dir(home).stdin(Stdio::null());
        let [stdout, stderr] =
            output.each_ref().map(|path| File::create(path).expect("a file for its output"));
        command.stdout(stdout).stderr(stderr);
        forget_settings(&mut command);
        command.envs(settings.iter().copied());
        let child = command.spawn().expect("the binary can be started");
        let [command, validator, ops] = ports.map(|port| format!("http://{port}"));
        let addresses =
            Addresses { command, validator, ops, operator_key_file: data_dir.join("operator-key") };
        Self { child, ended: None, addresses, output }
    }

    /// Where it listens, if it does.
    #[must_use]
    pub fn addresses(&self) -> &Addresses {
        &self.addresses
    }

    /// The id of its process.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.child.id()
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

    /// What it wrote so far, on stdout and stderr.
    #[must_use]
    pub fn said(&self) -> String {
        self.output.each_ref().map(|path| fs::read_to_string(path).unwrap_or_default()).concat()
    }

    /// What `/readyz` answers; none where nobody answers.
    #[must_use]
    pub fn readiness(&self) -> Option<Answer> {
        Client::new(&self.addresses.ops, None).get("/readyz").try_send().ok()
    }

    /// Waits until it is ready.
    ///
    /// # Panics
    /// Where it does not become so, with what it said.
    #[track_caller]
    pub fn expect_ready(&mut self) {
        let ready = within(START, || match self.ended() {
            Some(_) => Some(false),
            None => self.readiness().filter(|answer| answer.status == 200).map(|_| true),
        });
        assert_eq!(ready, Some(true), "it does not become ready: {}", self.said());
    }

    /// Waits until it has refused: it has ended with an error, or is not ready, and either way says every one of `words`
    /// in its output or at `/readyz`.
    ///
    /// # Panics
    /// Where it becomes ready, or does not say so.
    #[track_caller]
    pub fn expect_refusal(&mut self, words: &[&str]) {
        let mut last = String::new();
        let refused = within(START, || {
            let ended = self.ended();
            let answer = self.readiness().filter(|_| ended.is_none());
            last = self.said() + &answer.as_ref().map(Answer::text).unwrap_or_default();
            let says = words.iter().all(|word| last.contains(word));
            match (ended, answer) {
                (Some(status), _) => Some(!status.success() && says),
                (None, Some(answer)) if answer.status == 200 => Some(false),
                (None, Some(_)) if says => Some(true),
                _ => None,
            }
        });
        assert_eq!(refused, Some(true), "it should refuse and say {words:?}, but it says: {last}");
    }

    /// Waits until it says every one of `words` in its output or at `/readyz`, whether it refuses or goes on.
    ///
    /// # Panics
    /// Where it does not say so.
    #[track_caller]
    pub fn expect_alarm(&mut self, words: &[&str]) {
        let mut last = String::new();
        let said = within(ALARM, || {
            last = self.said() + &self.readiness().as_ref().map(Answer::text).unwrap_or_default();
            words.iter().all(|word| last.contains(word)).then_some(())
        });
        assert!(said.is_some(), "it should say {words:?}, but it says: {last}");
    }

    /// Ends it as a service manager does, and waits.
    ///
    /// # Panics
    /// Where it goes on for longer than a minute.
    #[track_caller]
    pub fn terminate(&mut self) -> ExitStatus {
        let sent = Command::new("sh").arg("-c").arg(format!("kill -TERM {}", self.pid())).status();
        assert!(sent.expect("there is a shell").success(), "the process is gone");
        within(START, || self.ended()).unwrap_or_else(|| panic!("it goes on; it said: {}", self.said()))
    }
}

impl Drop for Launch {
    fn drop(&mut self) {
        if self.ended().is_none() {
            // It may end by itself at this moment.
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
    }
}
