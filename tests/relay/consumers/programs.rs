use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::{Duration, Instant};

use keyledger_tests::{Broker, python};
use serde_json::{Value, json};

/// What the example in Python needs.
const REQUIREMENTS: &str = include_str!("../../consumers/requirements.txt");

/// How long a program may take to print a line.
const PATIENCE: Duration = Duration::from_secs(60);

/// What a program printed until its end.
pub(super) struct Printed {
    pub(super) code: Option<i32>,
    pub(super) stdout: String,
    pub(super) stderr: String,
}

impl Printed {
    /// The lines of one that ended well.
    #[track_caller]
    pub(super) fn lines(&self) -> Vec<Value> {
        assert_eq!(self.code, Some(0), "{}", self.stderr);
        self.stdout.lines().map(|line| serde_json::from_str(line).expect("a line is JSON")).collect()
    }
}

fn rust(broker: &Broker, prefix: &str, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_kafka-consumer"));
    command.args(["--brokers", &broker.address(), "--prefix", prefix]).args(arguments);
    command
}

fn in_python(broker: &Broker, prefix: &str, arguments: &[&str]) -> Command {
    let mut command = Command::new(python(Path::new(env!("CARGO_TARGET_TMPDIR")), REQUIREMENTS));
    // Without the folder for compiled modules, which would lie among the sources.
    command.arg("-B").arg(concat!(env!("CARGO_MANIFEST_DIR"), "/consumers/consumer.py"));
    command.args(["--brokers", &broker.address(), "--prefix", prefix]).args(arguments);
    command
}

fn run(mut command: Command) -> Printed {
    let output = command.stdin(Stdio::null()).output().expect("it can be started");
    let text = |bytes| String::from_utf8(bytes).expect("it prints UTF-8");
    Printed { code: output.status.code(), stdout: text(output.stdout), stderr: text(output.stderr) }
}

/// Runs the example in Rust to its end.
pub(super) fn rust_consumer(broker: &Broker, prefix: &str, arguments: &[&str]) -> Printed {
    run(rust(broker, prefix, arguments))
}

/// Runs the example in Python to its end.
pub(super) fn python_consumer(broker: &Broker, prefix: &str, arguments: &[&str]) -> Printed {
    run(in_python(broker, prefix, arguments))
}

/// The lines of the other examples, made of what Kafka's console consumer prints of the first `number` records.
#[track_caller]
pub(super) fn console_consumer(broker: &Broker, topic: &str, number: u64) -> Vec<Value> {
    // As in docs/kafka.md, but for the offsets, and that it ends.
    let arguments = [
        &["--topic", topic, "--from-beginning", "--isolation-level", "read_committed"][..],
        &["--formatter-property", "print.key=true", "--formatter-property", "print.headers=true"],
        &["--formatter-property", "print.offset=true", "--max-messages", &number.to_string()],
        &["--timeout-ms", "30000"],
    ];
    let printed = broker.console_consumer(&arguments.concat()).exited(0).stdout;
    printed.lines().map(of_console).collect()
}

fn of_console(line: &str) -> Value {
    let parts: Vec<_> = line.splitn(4, '\t').collect();
    let [offset, headers, key, value] = parts.as_slice() else { panic!("four parts: {line}") };
    let header = |name: &str| {
        let found = headers.split(',').find_map(|header| header.strip_prefix(name)?.strip_prefix(':'));
        found.unwrap_or_else(|| panic!("no {name}: {line}"))
    };
    let number = |text: &str| text.parse::<u64>().unwrap_or_else(|_| panic!("{text}: {line}"));
    assert_eq!(*key, header("ce_subject"), "{line}");
    json!({
        "offset": number(offset.trim_start_matches("Offset:")),
        "epoch": number(header("ce_epoch")), "position": number(header("ce_position")),
        "type": header("ce_type"), "subject": header("ce_subject"),
        "body": serde_json::from_str::<Value>(value).expect("a body is JSON"),
    })
}

/// A program that goes on. Dropping it ends it.
pub(super) struct Program {
    child: Child,
    lines: Receiver<Value>,
}

impl Program {
    /// The example in Rust.
    pub(super) fn rust(broker: &Broker, prefix: &str, arguments: &[&str]) -> Self {
        Self::start(rust(broker, prefix, arguments))
    }

    /// The example in Python.
    pub(super) fn python(broker: &Broker, prefix: &str, arguments: &[&str]) -> Self {
        Self::start(in_python(broker, prefix, arguments))
    }

    fn start(mut command: Command) -> Self {
        let mut child =
            command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().expect("it can be started");
        let stdout = BufReader::new(child.stdout.take().expect("its output is ours"));
        let (sender, lines) = channel();
        thread::spawn(move || {
            for line in stdout.lines().map_while(Result::ok) {
                // An error says that nobody looks any more.
                let _ = sender.send(serde_json::from_str(&line).expect("a line is JSON"));
            }
        });
        Self { child, lines }
    }

    /// Waits for the next line about something.
    #[track_caller]
    pub(super) fn line_with(&self, subject: &str) -> Value {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            let line = self.lines.recv_timeout(left);
            let line = line.unwrap_or_else(|_| panic!("no line about {subject} within {PATIENCE:?}"));
            if line["subject"] == subject {
                return line;
            }
        }
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
