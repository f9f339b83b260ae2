use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::Child;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use serde_json::Value;

/// How long a start may take on a busy machine before a test gives up on it.
const START: Duration = Duration::from_secs(60);

/// Where a registry listens, and what it left for its operator: the line it prints when it is ready.
#[derive(Clone, Debug)]
pub struct Addresses {
    /// The command service: portal, management API, `/openapi.json`.
    pub command: String,
    /// The validator: the authentication API.
    pub validator: String,
    /// Operations: `/livez`, `/readyz`, `/metrics`.
    pub ops: String,
    /// The file that holds the first operator key, until somebody moves it to a secret store.
    pub operator_key_file: PathBuf,
}

/// A registry that ended, or said nothing, instead of becoming ready.
#[derive(Clone, Debug)]
pub struct NotStarted {
    /// Its exit code; none where a signal ended it or it was still there.
    pub code: Option<i32>,
    /// All it wrote on stderr so far.
    pub stderr: String,
}

impl Addresses {
    /// Waits for the line that `serve --json` prints once it is ready; none where the process ends first or says nothing
    /// for a minute. What it prints later is read and dropped, so that it never blocks on a full pipe.
    pub(crate) fn read(child: &mut Child) -> Option<Self> {
        let stdout = child.stdout.take().expect("stdout is a pipe");
        let (sender, receiver) = mpsc::channel();
        thread::spawn(move || {
            for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                // Only the first line is waited for.
                let _ = sender.send(line);
            }
        });
        let line = receiver.recv_timeout(START).ok()?;
        Some(Self::parse(&line))
    }

    fn parse(line: &str) -> Self {
        let json: Value =
            serde_json::from_str(line).unwrap_or_else(|error| panic!("no JSON ({error}): {line}"));
        let text = |name: &str| match json[name].as_str() {
            Some(text) => text.to_owned(),
            None => panic!("the line of a start lacks {name}: {line}"),
        };
        Self {
            command: text("command"),
            validator: text("validator"),
            ops: text("ops"),
            operator_key_file: PathBuf::from(text("dataDir")).join("operator-key"),
        }
    }
}
