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

/// The line that a role with `--json` prints when it has started; none where the process ends first or says nothing for a
/// minute. What it prints later is read and dropped, so that it never blocks on a full pipe.
pub(crate) fn first_line(child: &mut Child) -> Option<Value> {
    let stdout = child.stdout.take().expect("stdout is a pipe");
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        for line in BufReader::new(stdout).lines().map_while(Result::ok) {
            // Only the first line is waited for.
            let _ = sender.send(line);
        }
    });
    let line = receiver.recv_timeout(START).ok()?;
    Some(serde_json::from_str(&line).unwrap_or_else(|error| panic!("no JSON ({error}): {line}")))
}

/// A text of such a line.
pub(crate) fn text(line: &Value, name: &str) -> String {
    match line[name].as_str() {
        Some(text) => text.to_owned(),
        None => panic!("the line of a start lacks {name}: {line}"),
    }
}
