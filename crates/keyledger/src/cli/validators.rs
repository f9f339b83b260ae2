//! `keyledger validators`: which validators report, and how far each has come.

use clap::Args;
use serde::Deserialize;

use super::{Context, client::Ask, views};
use crate::output::Table;

/// Arguments of `validators`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  keyledger validators\n  keyledger validators --json")]
pub(crate) struct ValidatorsArgs {}

#[derive(Deserialize)]
struct Validators {
    validators: Vec<Validator>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Validator {
    name: String,
    position: u64,
    lag: u64,
    silent_for_ms: u64,
    counts: bool,
}

pub(super) async fn run(_: ValidatorsArgs, context: &Context) -> anyhow::Result<()> {
    let answer = context.client()?.get(&["v1", "validators"], Ask::default()).await?;
    let Validators { validators } = views::read(&answer)?;
    context.output.either(&answer, || {
        let mut table = Table::new(&["name", "position", "lag", "last report", "counts"]);
        for Validator { name, position, lag, silent_for_ms, counts } in &validators {
            let counts = if *counts { "yes" } else { "no" };
            let ago = format!("{:.1} s ago", std::time::Duration::from_millis(*silent_for_ms).as_secs_f64());
            table.row([name.clone(), position.to_string(), lag.to_string(), ago, counts.to_owned()]);
        }
        table
    })?;
    if validators.is_empty() {
        context.output.remark(
            "no validator in a process of its own reports here: validator.command_services tells each where to",
        );
    }
    Ok(())
}
