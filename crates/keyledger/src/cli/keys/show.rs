use clap::Args;

use super::{Which, show_key};
use crate::cli::{Context, client::Ask};

/// Arguments of `keys show`.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  keyledger keys show --partner acme \\\n    --key 0198c7a0-0000-7000-8000-000000000001"
)]
pub(crate) struct ShowArgs {
    #[command(flatten)]
    which: Which,
}

pub(super) async fn run(args: ShowArgs, context: &Context) -> anyhow::Result<()> {
    let answer = context.client()?.get(&args.which.path(None), Ask::default()).await?;
    show_key(&answer, context)
}
