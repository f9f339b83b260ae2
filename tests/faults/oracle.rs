//! What clients were told, kept by another process, each word on the disk before the next command is sent.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::Mutex;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::command::What;

/// What a client was told about one command.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Told {
    /// What was asked for.
    pub(crate) what: What,
    /// Where it was sent.
    pub(crate) path: String,
    /// What it said.
    pub(crate) body: Value,
    /// The text that names this command alone: a name or a reason, where its event holds one.
    pub(crate) mark: String,
    /// What it was sent with.
    pub(crate) idempotency_key: Option<String>,
    /// The key as the answer told it; none where the command was refused.
    pub(crate) key: Option<Place>,
    /// The secret that the answer showed.
    pub(crate) secret: Option<String>,
}

/// A key, and its last event at that time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Place {
    /// Which key.
    pub(crate) key_id: String,
    /// Whose.
    pub(crate) partner_id: String,
    /// Where its last event stands in the log.
    pub(crate) position: u64,
    /// And in its stream.
    pub(crate) revision: u64,
}

/// The process that keeps them.
pub(crate) struct Oracle {
    file: PathBuf,
    child: Child,
    pipes: Mutex<(ChildStdin, BufReader<ChildStdout>)>,
}

impl Oracle {
    pub(crate) fn start(directory: &Path) -> Self {
        let file = directory.join("acknowledgements");
        let mut command = Command::new(env!("CARGO_BIN_EXE_oracle"));
        command.arg(&file).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().expect("the oracle can be started");
        let input = child.stdin.take().expect("its input is a pipe");
        let output = BufReader::new(child.stdout.take().expect("its output is a pipe"));
        Self { file, child, pipes: Mutex::new((input, output)) }
    }

    /// Returns once it is on the disk.
    pub(crate) fn keep(&self, told: &Told) {
        let line = serde_json::to_string(told).expect("it is JSON");
        let mut pipes = self.pipes.lock().expect("no client panicked while it spoke to the oracle");
        let (input, output) = &mut *pipes;
        writeln!(input, "{line}").expect("the oracle listens");
        let read = output.read_line(&mut String::new()).expect("the oracle answers");
        assert_eq!(read, 1, "the oracle has ended");
    }

    /// All that it kept so far.
    pub(crate) fn so_far(&self) -> Vec<Told> {
        // Nobody is spoken to while it writes a line.
        let _quiet = self.pipes.lock().expect("no client panicked while it spoke to the oracle");
        read(&self.file)
    }

    /// Ends it, and reads all that it kept.
    pub(crate) fn consult(mut self) -> Vec<Told> {
        drop(self.pipes);
        assert!(self.child.wait().expect("the oracle ends").success(), "the oracle kept everything");
        read(&self.file)
    }
}

fn read(file: &Path) -> Vec<Told> {
    // It makes its file with its first word, or a moment before.
    let text = fs::read_to_string(file).unwrap_or_default();
    text.lines().map(|line| serde_json::from_str(line).expect("a line it kept")).collect()
}
