//! What the commands of an auditor take.

mod past;

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use keyledger_audit::tree::VerifierKey;
use keyledger_event_log::Position;

pub(crate) use past::{DiffArgs, ExplainArgs, IndexArgs, ReviewArgs, ReviewFormat, StateArgs};

/// `audit …`
#[derive(Debug, Subcommand)]
#[command(after_help = "Examples:\n  keyledger audit state --at 2026-03-01T12:00:00Z\n  \
                  keyledger audit export --data-dir /mnt/copy --to events.ndjson\n\n\
                  Each asks the registry that runs at client.url; with --data-dir it reads\n\
                  the files of one, or of a copy.")]
pub(crate) enum AuditCommand {
    /// Write every event to a file, complete and checkable
    #[command(
        after_help = "Examples:\n  keyledger audit export --to events.ndjson\n  keyledger audit export --format csv --up-to 4711 > events.csv"
    )]
    Export(ExportArgs),
    /// Check that nobody edited the log: against its tree, the checkpoint, and one that you kept
    #[command(after_help = "Examples:\n  keyledger audit verify --save checkpoint\n  \
                      keyledger audit verify --checkpoint checkpoint --save checkpoint\n  keyledger audit verify --data-dir /mnt/copy --json\n\n\
                      Exit status 1 where anything does not agree; each finding is a line.")]
    Verify(VerifyArgs),
    /// Prove that the newest checkpoint covers an event, for tools of others
    #[command(
        after_help = "Example:\n  keyledger audit prove-inclusion --position 4711 \\\n    --to 4711.tlog-proof --event 4711.json"
    )]
    ProveInclusion(InclusionArgs),
    /// Prove that the newest checkpoint's tree has grown out of an earlier one, for tools of others
    #[command(
        after_help = "Example:\n  keyledger audit prove-consistency --checkpoint checkpoint --to consistency"
    )]
    ProveConsistency(ConsistencyArgs),
    /// Print the key by which checkpoints are recognised
    #[command(after_help = "Example:\n  keyledger audit verifier-key")]
    VerifierKey,
    /// Make the read models anew from the log alone and compare them with those that are read
    #[command(
        after_help = "Examples:\n  keyledger audit replay\n  keyledger audit replay --data-dir /mnt/copy --json"
    )]
    Replay,
    /// Show the registry, a partner's keys or a key as they were
    #[command(
        after_help = "Examples:\n  keyledger audit state --at 2026-03-01T12:00:00Z\n  keyledger audit state --at 4711 --partner acme\n  keyledger audit state --at 4711 --keys --json > keys.ndjson"
    )]
    State(StateArgs),
    /// Tell whether a key would have been allowed, and by which events
    #[command(
        after_help = "Example:\n  keyledger audit explain --scope client:read --at 2026-03-01T12:00:00Z \\\n    --key 0198c7a0-0000-7000-8000-000000000001"
    )]
    Explain(ExplainArgs),
    /// Show what changed between two moments, or two positions
    #[command(
        after_help = "Example:\n  keyledger audit diff --from 2026-01-01T00:00:00Z \\\n    --to 2026-04-01T00:00:00Z"
    )]
    Diff(DiffArgs),
    /// List every key with what a review of access asks for
    #[command(
        after_help = "Examples:\n  keyledger audit access-review --partner acme\n  keyledger audit access-review --format csv --to review.csv"
    )]
    AccessReview(ReviewArgs),
}

/// Arguments of `audit verify`.
#[derive(Debug, Args)]
pub(crate) struct VerifyArgs {
    /// The checkpoint that you kept
    #[arg(long, value_name = "FILE")]
    pub checkpoint: Option<PathBuf>,
    /// The key that signs checkpoints, as you got it by another way; without it: what the registry says
    #[arg(long, value_name = "KEY")]
    pub verifier_key: Option<VerifierKey>,
    /// Where to keep the newest checkpoint, if everything agrees
    #[arg(long, value_name = "FILE")]
    pub save: Option<PathBuf>,
}

/// Arguments of `audit prove-inclusion`.
#[derive(Debug, Args)]
pub(crate) struct InclusionArgs {
    /// The position of the event
    #[arg(long, value_name = "POSITION", value_parser = position)]
    pub position: Position,
    /// The file to write the proof to (C2SP tlog-proof); without it: stdout
    #[arg(long, value_name = "FILE")]
    pub to: Option<PathBuf>,
    /// The file to write the event to, byte for byte as it was signed
    #[arg(long, value_name = "FILE")]
    pub event: Option<PathBuf>,
}

/// Arguments of `audit prove-consistency`.
#[derive(Debug, Args)]
pub(crate) struct ConsistencyArgs {
    /// How many events the earlier tree covers
    #[arg(long, value_name = "SIZE", required_unless_present = "checkpoint", conflicts_with = "checkpoint")]
    pub from: Option<u64>,
    /// The earlier checkpoint
    #[arg(long, value_name = "FILE")]
    pub checkpoint: Option<PathBuf>,
    /// The file to write the proof to (as C2SP tlog-witness takes it); without it: stdout
    #[arg(long, value_name = "FILE")]
    pub to: Option<PathBuf>,
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
