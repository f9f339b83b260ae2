use serde_json::Value;

use super::Browser;
use super::command::Command;
use super::redacted::redacted;
use super::session::Asked;

/// What the console of a browser has said.
#[derive(Default)]
pub(super) struct Console {
    lines: Vec<Line>,
    /// How many of them somebody has judged.
    judged: usize,
}

/// One thing it said.
struct Line {
    level: String,
    source: String,
    text: String,
}

impl Line {
    fn of(entry: &Value) -> Self {
        let text = |name: &str| entry[name].as_str().unwrap_or_default().to_owned();
        Self { level: text("level"), source: text("source"), text: text("message") }
    }

    /// An error, or what a policy has stopped: that is one also where it is only reported.
    fn is_fault(&self) -> bool {
        self.level == "SEVERE" || self.source == "security" || self.text.contains("Content Security Policy")
    }

    fn shown(&self) -> String {
        redacted(&format!("{} {}: {}", self.level, self.source, self.text))
    }
}

impl Browser {
    /// Everything that the console has said since the browser was opened, in all tabs; of what looks like a secret the
    /// beginning alone.
    ///
    /// # Panics
    /// Where the browser is gone.
    #[must_use]
    #[track_caller]
    pub fn console(&self) -> Vec<String> {
        self.listen();
        self.console.lock().expect("nobody panics here").lines.iter().map(Line::shown).collect()
    }

    /// The errors and violations of a CSP that the console has told of since this was asked last. An answer of 4xx or 5xx
    /// is one too: see [`console_faults_besides`](Self::console_faults_besides).
    ///
    /// # Panics
    /// Where the browser is gone.
    #[must_use]
    #[track_caller]
    pub fn console_faults(&self) -> Vec<String> {
        self.unjudged(|line| line.is_fault())
    }

    /// As [`console_faults`](Self::console_faults), but for answers of a status that the test was after.
    ///
    /// # Panics
    /// Where the browser is gone.
    #[must_use]
    #[track_caller]
    pub fn console_faults_besides(&self, status: u16) -> Vec<String> {
        let wanted = format!("status of {status} ");
        self.unjudged(|line| line.is_fault() && !(line.source == "network" && line.text.contains(&wanted)))
    }

    #[track_caller]
    fn unjudged(&self, is_fault: impl Fn(&Line) -> bool) -> Vec<String> {
        self.listen();
        let mut console = self.console.lock().expect("nobody panics here");
        let faults = console.lines[console.judged..].iter().filter(|line| is_fault(line));
        let faults = faults.map(Line::shown).collect();
        console.judged = console.lines.len();
        faults
    }

    #[track_caller]
    fn listen(&self) {
        let outcome = self.try_listen();
        self.done("the console is silent", outcome);
    }

    /// Hears what the console has said meanwhile: the driver tells everything once.
    pub(super) fn try_listen(&self) -> Asked<()> {
        let entries = self.ask(async |client| client.issue_cmd(Command::console()).await)?;
        let heard = entries.as_array().into_iter().flatten().map(Line::of);
        self.console.lock().expect("nobody panics here").lines.extend(heard);
        Ok(())
    }

    /// What is known of it, without asking anybody.
    pub(super) fn heard(&self) -> Vec<String> {
        self.console.lock().expect("nobody panics here").lines.iter().map(Line::shown).collect()
    }
}
