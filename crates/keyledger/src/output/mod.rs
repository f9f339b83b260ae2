//! What commands print: tables for people, JSON for machines, remarks beside both.

mod causes;
mod clean;
mod count;
mod progress_bar;
mod table;

use std::{
    fs::{self, File, Metadata},
    io::{self, BufRead as _, IsTerminal as _, Write as _},
    os::{
        fd::AsFd as _,
        unix::fs::{FileTypeExt as _, MetadataExt as _},
    },
};

use serde::Serialize;

pub(crate) use causes::causes;
pub(crate) use clean::{clean, one_line};
pub(crate) use count::count;
pub(crate) use progress_bar::progress_bar;
pub(crate) use table::Table;

/// The process's standard streams, and the form that was asked for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Output {
    /// Whether machines read stdout.
    pub json: bool,
}

impl Output {
    /// A line for whoever reads stdout.
    ///
    /// # Errors
    /// Where stdout is closed; whoever closed it wants no more.
    pub(crate) fn line(self, text: &str) -> io::Result<()> {
        self.text(&format!("{text}\n"))
    }

    /// A text for stdout, as it is.
    ///
    /// # Errors
    /// As [`Output::line`].
    pub(crate) fn text(self, text: &str) -> io::Result<()> {
        let mut stdout = io::stdout().lock();
        stdout.write_all(text.as_bytes())?;
        stdout.flush()
    }

    /// A value for machines, one line.
    ///
    /// # Errors
    /// As [`Output::line`].
    pub(crate) fn value(self, value: &impl Serialize) -> io::Result<()> {
        self.line(&serde_json::to_string(value)?)
    }

    /// The value for machines, or the table of it for people.
    ///
    /// # Errors
    /// As [`Output::line`].
    pub(crate) fn either(self, value: &impl Serialize, table: impl FnOnce() -> Table) -> io::Result<()> {
        if self.json { self.value(value) } else { self.line(&table().to_string()) }
    }

    /// A remark for people, on stderr. A closed stderr is no reason to stop.
    pub(crate) fn remark(self, text: &str) {
        let _ = writeln!(io::stderr().lock(), "{text}");
    }

    /// Whether stdout is the null device; one that was closed when the process began is that by now.
    pub(crate) fn leads_nowhere(self) -> bool {
        let stdout =
            io::stdout().as_fd().try_clone_to_owned().and_then(|stdout| File::from(stdout).metadata());
        let device = |found: Metadata| Some(found.rdev()).filter(|_| found.file_type().is_char_device());
        let device_of = |found: io::Result<Metadata>| found.ok().and_then(device);
        device_of(stdout).is_some_and(|stdout| device_of(fs::metadata("/dev/null")) == Some(stdout))
    }

    /// Whether a person reads stdout.
    pub(crate) fn to_terminal(self) -> bool {
        io::stdout().is_terminal()
    }

    /// Asks a person, on the terminal; none where there is no terminal to ask on.
    ///
    /// # Errors
    /// Where the terminal fails.
    pub(crate) fn ask(self, question: &str) -> io::Result<Option<bool>> {
        if !io::stdin().is_terminal() || !io::stderr().is_terminal() {
            return Ok(None);
        }
        write!(io::stderr().lock(), "{question} [y/N] ")?;
        let mut answer = String::new();
        io::stdin().lock().read_line(&mut answer)?;
        Ok(Some(matches!(answer.trim(), "y" | "Y" | "yes")))
    }
}
