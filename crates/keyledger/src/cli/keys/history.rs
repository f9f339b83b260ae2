use clap::Args;

use super::Which;
use crate::{
    cli::{Context, client::Ask, views},
    output::Table,
};

/// Arguments of `keys history`.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  keyledger keys history --partner acme \\\n    --key 0198c7a0-0000-7000-8000-000000000001 --json"
)]
pub(crate) struct HistoryArgs {
    #[command(flatten)]
    which: Which,
}

pub(super) async fn run(args: HistoryArgs, context: &Context) -> anyhow::Result<()> {
    let answer = context.client()?.get(&args.which.path(Some("history")), Ask::default()).await?;
    let events: Vec<views::Positioned> = views::read(&answer["events"])?;
    let table = || {
        let mut table = Table::new(&views::Positioned::COLUMNS);
        events.iter().for_each(|event| table.row(event.cells()));
        table
    };
    Ok(context.output.either(&answer, table)?)
}
