//! What commands print: tables for people, JSON for machines, remarks beside both.

mod causes;
mod clean;
mod count;
mod table;

use std::io::{self, BufRead as _, IsTerminal as _, Write as _};

use serde::Serialize;

pub(crate) use causes::causes;
pub(crate) use clean::{clean, one_line};
pub(crate) use count::count;
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
        writeln!(io::stdout().lock(), "{text}")
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
