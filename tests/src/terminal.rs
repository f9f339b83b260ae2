use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::Value;

use crate::binary;

/// The command line as a script uses it: no terminal, no input, only the settings that the test gives.
#[derive(Clone, Debug)]
pub struct Terminal {
    directory: PathBuf,
    settings: Vec<(String, String)>,
}

/// A command that ended.
#[derive(Clone, Debug)]
pub struct Ran {
    /// Its exit code; none where a signal ended it.
    pub code: Option<i32>,
    /// What it wrote on stdout.
    pub stdout: String,
    /// What it wrote on stderr.
    pub stderr: String,
}

impl Terminal {
    /// A shell in `directory`.
    #[must_use]
    pub fn new(directory: &Path) -> Self {
        Self { directory: directory.to_owned(), settings: Vec::new() }
    }

    /// Sets a variable of the environment.
    #[must_use]
    pub fn set(mut self, name: &str, value: &str) -> Self {
        self.settings.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Runs `keyledger` to its end.
    #[track_caller]
    pub fn run(&self, arguments: &[&str]) -> Ran {
        let mut command = self.command();
        command.args(arguments);
        Ran::of(command.output().expect("the binary can be started"))
    }

    /// Runs a line as if it were pasted into a shell that finds `keyledger` in its path.
    #[track_caller]
    pub fn paste(&self, line: &str) -> Ran {
        let binary = binary();
        let folder = binary.parent().expect("a binary lies in a folder");
        let path = std::env::var_os("PATH").unwrap_or_default();
        let path =
            std::env::join_paths(std::iter::once(folder.to_owned()).chain(std::env::split_paths(&path)));
        let mut shell = Command::new("sh");
        self.prepare(&mut shell);
        shell.env("PATH", path.expect("folders without a colon")).arg("-c").arg(line);
        Ran::of(shell.output().expect("there is a shell"))
    }

    /// `keyledger`, ready to get its arguments and to be started.
    #[must_use]
    pub fn command(&self) -> Command {
        let mut command = Command::new(binary());
        self.prepare(&mut command);
        command
    }

    fn prepare(&self, command: &mut Command) {
        command.current_dir(&self.directory).stdin(Stdio::null());
        forget_settings(command);
        command.envs(self.settings.iter().map(|(name, value)| (name, value)));
    }
}

impl Ran {
    pub(crate) fn of(output: Output) -> Self {
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("commands write UTF-8");
        Self { code: output.status.code(), stdout: text(output.stdout), stderr: text(output.stderr) }
    }

    /// The same command, which exited with this code.
    ///
    /// # Panics
    /// Where it exited with another one.
    #[track_caller]
    pub fn exited(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "stdout: {}\nstderr: {}", self.stdout, self.stderr);
        self
    }

    /// What it wrote on stdout, as JSON.
    ///
    /// # Panics
    /// Where it is none.
    #[must_use]
    #[track_caller]
    pub fn json(&self) -> Value {
        match serde_json::from_str(&self.stdout) {
            Ok(json) => json,
            Err(error) => panic!("no JSON ({error}): {}\nstderr: {}", self.stdout, self.stderr),
        }
    }

    /// The only line on stderr.
    ///
    /// # Panics
    /// Where there is none, or more than one.
    #[must_use]
    #[track_caller]
    pub fn error_line(&self) -> &str {
        let line = self.stderr.trim_end_matches('\n');
        assert!(!line.is_empty() && !line.contains('\n'), "not one line: {:?}", self.stderr);
        line
    }
}

/// Keeps the settings of whoever runs the tests away from the binary.
pub(crate) fn forget_settings(command: &mut Command) {
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("KEYLEDGER_") {
            command.env_remove(name);
        }
    }
}
