//! What the commands of an auditor take.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use keyledger_event_log::Position;

/// `audit …`
#[derive(Debug, Subcommand)]
#[command(
    after_help = "Each asks the registry that runs at client.url; with --data-dir it reads the files of a stopped one, or of a copy.\n\n\
                  Examples:\n  keyledger audit export --to events.ndjson\n  keyledger audit export --data-dir /mnt/copy --format csv --to events.csv"
)]
pub(crate) enum AuditCommand {
    /// Write every event to a file, complete and checkable
    #[command(
        after_help = "Examples:\n  keyledger audit export --to events.ndjson\n  keyledger audit export --format csv --up-to 4711 > events.csv"
    )]
    Export(ExportArgs),
    /// Make the read models anew from the log alone and compare them with those that are read
    #[command(
        after_help = "Examples:\n  keyledger audit replay\n  keyledger audit replay --data-dir /mnt/copy --json"
    )]
    Replay,
}

/// Arguments of `audit export`.
#[derive(Debug, Args)]
pub(crate) struct ExportArgs {
    /// One JSON object a line, or a table for spreadsheets
    #[arg(long, value_enum, default_value_t = Format::Ndjson)]
    pub format: Format,
    /// The file to write; it must not be there yet. Without it: stdout
    #[arg(long, value_name = "FILE")]
    pub to: Option<PathBuf>,
    /// Only events after this position
    #[arg(long, value_name = "POSITION", value_parser = position)]
    pub after: Option<Position>,
    /// Only events up to this position
    #[arg(long, value_name = "POSITION", value_parser = position)]
    pub up_to: Option<Position>,
}

/// How events are written down.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// `{"position": …, "event": …}`, one a line.
    Ndjson,
    /// One event a row, under a row of names.
    Csv,
}

/// A position on the command line.
fn position(text: &str) -> Result<Position, String> {
    let number = text.parse().ok().filter(|number| *number <= Position::MAX.get());
    number.map(Position::new).ok_or_else(|| "is no position: give the number of an event".to_owned())
}
