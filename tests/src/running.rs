use std::env;
use std::fs::{self, File, OpenOptions};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use serde_json::Value;

use crate::patience::within;
use crate::started::{first_line, text};
use crate::terminal::forget_settings;
use crate::{Addresses, Client, NotStarted, binary};

/// Whether a run's registries are one process each, or a process for each role. The same tests are run again.
const VARIABLE: &str = "KEYLEDGER_TEST_ROLES";

/// How long roles may take to be ready, or for one to have read what another recorded.
const PATIENCE: Duration = Duration::from_secs(60);

/// The processes of a registry that runs.
pub(crate) struct Running {
    /// `serve`; or `command-service`, `projector`, `signer` and `validator`, in this order.
    children: Vec<Child>,
    pub(crate) addresses: Addresses,
    /// The operations listener of a validator in a process of its own.
    pub(crate) validator_ops: Option<String>,
}

impl Running {
    /// Starts what a run's registries consist of in a home, and waits until it is ready.
    pub(crate) fn launch(home: &Path, settings: &[(String, String)]) -> Result<Self, NotStarted> {
        match env::var(VARIABLE).as_deref() {
            Err(_) | Ok("together") => Self::together(home, settings),
            Ok("apart") => Self::apart(home, settings),
            Ok(other) => panic!("{VARIABLE} is {other}: leave it out, or say together or apart"),
        }
    }

    fn together(home: &Path, settings: &[(String, String)]) -> Result<Self, NotStarted> {
        let (child, line) = start("serve", home, settings)?;
        let addresses = Addresses {
            command: text(&line, "command"),
            validator: text(&line, "validator"),
            ops: text(&line, "ops"),
            operator_key_file: Path::new(&text(&line, "dataDir")).join("operator-key"),
        };
        Ok(Self { children: vec![child], addresses, validator_ops: None })
    }

    /// The command service begins a log where there is none, so it comes first.
    fn apart(home: &Path, settings: &[(String, String)]) -> Result<Self, NotStarted> {
        let mut running = Self {
            children: Vec::new(),
            addresses: Addresses {
                command: String::new(),
                validator: String::new(),
                ops: String::new(),
                operator_key_file: home.join("data/operator-key"),
            },
            validator_ops: None,
        };
        let mut every_ops = Vec::new();
        for role in ["command-service", "projector", "signer", "validator"] {
            let (child, line) = start(role, home, settings)?;
            running.children.push(child);
            every_ops.push(text(&line, "ops"));
            match role {
                "command-service" => running.addresses.command = text(&line, "command"),
                "validator" => running.addresses.validator = text(&line, "validator"),
                _ => {}
            }
        }
        for ops in &every_ops {
            let ready = || Client::new(ops, None).get("/readyz").try_send().ok();
            let live = within(PATIENCE, || ready().filter(|answer| answer.status == 200).map(|_| ()));
            assert!(live.is_some(), "a role does not become ready: {}", read_stderr(home));
        }
        running.validator_ops = every_ops.pop();
        running.addresses.ops = every_ops.swap_remove(0);
        Ok(running)
    }

    /// Waits until a validator in a process of its own has read everything that the log holds by now: only in one process
    /// is a command answered after the validator holds it.
    pub(crate) fn settle(&self) {
        let Some(validator_ops) = &self.validator_ops else { return };
        let Ok(answer) = Client::new(&self.addresses.command, None).get("/openapi.json").try_send() else {
            return;
        };
        let head: u64 = answer.header("x-log-position").parse().expect("a position");
        let read = || {
            let ready = Client::new(validator_ops, None).get("/readyz").try_send().ok()?.json();
            let validator =
                ready["roles"].as_array()?.iter().find(|role| role["role"] == "validator")?.clone();
            validator["position"].as_u64().filter(|position| *position >= head)
        };
        assert!(within(PATIENCE, read).is_some(), "the validator does not come to position {head}");
    }

    /// The process that takes commands.
    pub(crate) fn pid(&self) -> u32 {
        self.children[0].id()
    }

    /// Sends a signal to every process.
    pub(crate) fn signal(&self, name: &str) {
        for child in &self.children {
            let sent = Command::new("sh").arg("-c").arg(format!("kill -{name} {}", child.id())).status();
            assert!(sent.expect("there is a shell").success(), "the process is gone");
        }
    }

    /// Waits until every process has ended; how the one ended that takes commands.
    pub(crate) fn ended(&mut self, patience: Duration) -> Option<ExitStatus> {
        let ended = |child: &mut Child| within(patience, || child.try_wait().expect("a child can be asked"));
        let all: Vec<_> = self.children.iter_mut().map(ended).collect();
        all.iter().all(Option::is_some).then(|| all[0]).flatten()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        for child in &mut self.children {
            // It may have ended by itself.
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// All that processes of a home wrote on stderr.
pub(crate) fn read_stderr(home: &Path) -> String {
    fs::read_to_string(home.join("stderr.log")).unwrap_or_default()
}

fn start(role: &str, home: &Path, settings: &[(String, String)]) -> Result<(Child, Value), NotStarted> {
    let log: File = OpenOptions::new()
        .create(true)
        .append(true)
        .open(home.join("stderr.log"))
        .expect("a file for stderr");
    let mut command = Command::new(binary());
    command.args([role, "--json", "--data-dir"]).arg(home.join("data"));
    command.current_dir(home).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(log);
    forget_settings(&mut command);
    // A test that has to know an address before gives it itself.
    command.envs(
        ["COMMAND", "VALIDATOR", "OPS"].map(|name| (format!("KEYLEDGER_LISTEN__{name}"), "127.0.0.1:0")),
    );
    command.envs(settings.iter().map(|(name, value)| (name, value)));
    let mut child = command.spawn().expect("the binary can be started");
    if let Some(line) = first_line(&mut child) {
        return Ok((child, line));
    }
    // It ended, or is about to; one that only hangs is ended here, and has no code then.
    let ended = within(Duration::from_secs(2), || child.try_wait().expect("a child can be asked"));
    if ended.is_none() {
        child.kill().expect("a child can be killed");
    }
    let status = child.wait().expect("a child ends");
    Err(NotStarted { code: status.code(), stderr: read_stderr(home) })
}
