use clap::Args;
use keyledger_domain::Moment;

use super::{Which, at, show_key};
use crate::cli::{Context, client::Ask};

/// Arguments of `keys show`.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  keyledger keys show --partner acme \\\n    --key 0198c7a0-0000-7000-8000-000000000001"
)]
pub(crate) struct ShowArgs {
    #[command(flatten)]
    which: Which,
    /// As it was at a moment, or at a position of the log
    #[arg(long, value_name = "MOMENT|POSITION", value_parser = Moment::parse)]
    at: Option<Moment>,
}

pub(super) async fn run(args: ShowArgs, context: &Context) -> anyhow::Result<()> {
    let ask = Ask { query: args.at.map(at).into_iter().collect(), ..Ask::default() };
    let answer = context.client()?.get(&args.which.path(None), ask).await?;
    show_key(&answer, context)
}
