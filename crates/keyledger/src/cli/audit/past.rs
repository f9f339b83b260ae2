//! What the questions about the past take.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use keyledger_domain::{KeyId, Moment, PartnerId, Prefix, Scope};

use crate::cli::parse::key_id;

/// Where what was read once is kept.
#[derive(Debug, Args)]
pub(crate) struct IndexArgs {
    /// Keep the index of the past here; by default in the data directory, of a remote registry in ~/.cache/keyledger
    #[arg(long, value_name = "DIR")]
    pub index: Option<PathBuf>,
    /// Read the whole log, and keep nothing
    #[arg(long, conflicts_with = "index")]
    pub no_index: bool,
}

/// Arguments of `audit state`.
#[derive(Debug, Args)]
pub(crate) struct StateArgs {
    /// When: a moment, or a position of the log; by default now
    #[arg(long, value_name = "MOMENT|POSITION", value_parser = Moment::parse)]
    pub at: Option<Moment>,
    /// List every key
    #[arg(long, conflicts_with = "key")]
    pub keys: bool,
    /// List the keys of this partner
    #[arg(long, value_parser = PartnerId::parse, conflicts_with = "key")]
    pub partner: Option<PartnerId>,
    /// Show this key, by its keyId
    #[arg(long, value_parser = key_id)]
    pub key: Option<KeyId>,
    /// Where what was read once is kept.
    #[command(flatten)]
    pub index: IndexArgs,
}

/// Arguments of `audit explain`.
#[derive(Debug, Args)]
pub(crate) struct ExplainArgs {
    /// Which key, by its keyId
    #[arg(long, value_parser = key_id)]
    pub key: KeyId,
    /// Which of its secrets, by its first eight characters; by default the newest there was
    #[arg(long, value_parser = prefix)]
    pub prefix: Option<Prefix>,
    /// A scope that the request needed; as often as it takes
    #[arg(long = "scope", value_name = "SCOPE", value_parser = Scope::parse)]
    pub scopes: Vec<Scope>,
    /// The partner whose data the request was about
    #[arg(long, value_parser = PartnerId::parse)]
    pub partner: Option<PartnerId>,
    /// When: a moment, or a position of the log
    #[arg(long, value_name = "MOMENT|POSITION", value_parser = Moment::parse)]
    pub at: Moment,
}

/// Arguments of `audit diff`.
#[derive(Debug, Args)]
pub(crate) struct DiffArgs {
    /// What happened after this moment, or this position of the log
    #[arg(long, value_name = "MOMENT|POSITION", value_parser = Moment::parse)]
    pub from: Moment,
    /// What happened up to this moment, or this position of the log
    #[arg(long, value_name = "MOMENT|POSITION", value_parser = Moment::parse)]
    pub to: Moment,
    /// Only what happened to keys of this partner
    #[arg(long, value_parser = PartnerId::parse)]
    pub partner: Option<PartnerId>,
    /// Where what was read once is kept.
    #[command(flatten)]
    pub index: IndexArgs,
}

/// Arguments of `audit access-review`.
#[derive(Debug, Args)]
pub(crate) struct ReviewArgs {
    /// When: a moment, or a position of the log; by default now
    #[arg(long, value_name = "MOMENT|POSITION", value_parser = Moment::parse)]
    pub at: Option<Moment>,
    /// Only keys of this partner
    #[arg(long, value_parser = PartnerId::parse)]
    pub partner: Option<PartnerId>,
    /// For people, for spreadsheets or for programs; --json is the last
    #[arg(long, value_enum, default_value_t = ReviewFormat::Table)]
    pub format: ReviewFormat,
    /// The file to write; it must not be there yet. Without it: stdout
    #[arg(long, value_name = "FILE")]
    pub to: Option<PathBuf>,
    /// Where what was read once is kept.
    #[command(flatten)]
    pub index: IndexArgs,
}

/// How a review is written down.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ReviewFormat {
    /// For people.
    Table,
    /// For spreadsheets.
    Csv,
    /// For programs: one object with all keys.
    Json,
}

fn prefix(text: &str) -> Result<Prefix, String> {
    Prefix::parse(text.as_bytes()).map_err(|error| error.to_string())
}
