use std::time::Duration;

use clap::{Args, ValueEnum};
use serde_json::json;

use super::{
    Meant, Sending, Which, object,
    reveal::{must_be_seen, reveal},
};
use crate::{
    cli::{Context, client::Ask, receipt::Waiting},
    settings::Span,
};

/// Arguments of `keys regenerate`.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  keyledger keys regenerate --partner acme \\\n    --key 0198c7a0-0000-7000-8000-000000000001 --overlap 2h"
)]
pub(crate) struct RegenerateArgs {
    #[command(flatten)]
    which: Which,
    /// How long the old secret goes on working: 0 to 7d; 24h unless given
    #[arg(long, value_name = "DURATION", value_parser = overlap)]
    overlap: Option<u64>,
    /// Which secret to give up where an overlap runs: the oldest, or the newest, whose answer got lost
    #[arg(long, value_enum)]
    replace: Option<Replace>,
    #[command(flatten)]
    waiting: Waiting,
    #[command(flatten)]
    meant: Meant,
    #[command(flatten)]
    sending: Sending,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Replace {
    Oldest,
    Newest,
}

impl Replace {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Oldest => "oldest",
            Self::Newest => "newest",
        }
    }
}

/// The longest overlap.
const LONGEST: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// Reads an overlap, in seconds.
fn overlap(text: &str) -> Result<u64, String> {
    let Span(overlap) = text.parse().map_err(|error: crate::settings::InvalidSpan| error.to_string())?;
    if overlap > LONGEST {
        return Err("is too long: give at most 7d".to_owned());
    }
    if overlap.subsec_millis() != 0 {
        return Err("is not in whole seconds".to_owned());
    }
    Ok(overlap.as_secs())
}

pub(super) async fn run(args: RegenerateArgs, context: &Context) -> anyhow::Result<()> {
    must_be_seen(context.output)?;
    let RegenerateArgs { which, overlap, replace, waiting, meant, sending } = args;
    let body = object([
        ("overlapSeconds", overlap.map(|seconds| json!(seconds))),
        ("replace", replace.map(|replace| json!(replace.as_str()))),
        ("waitFor", waiting.value()),
    ]);
    let ask = Ask {
        body: Some(body),
        idempotency_key: sending.idempotency_key.as_deref(),
        if_match: meant.if_match,
        ..Ask::default()
    };
    let answer = context.client()?.post(&which.path(Some("regenerate")), ask).await?;
    reveal(&answer, "Regenerated", context)?;
    waiting.tell(&answer, context)
}
