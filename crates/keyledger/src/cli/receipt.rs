//! The receipt of a command: at which validators it is in force.

use clap::Args;
use serde::Deserialize;
use serde_json::Value;

use super::{Context, views};

/// Whether a command waits for validators.
#[derive(Clone, Copy, Debug, Args)]
pub(super) struct Waiting {
    /// Wait until every validator has applied it, at most 10 s, and tell which have
    #[arg(long)]
    pub(super) wait_for_validators: bool,
}

impl Waiting {
    /// The value of `waitFor`.
    pub(super) fn value(self) -> Option<Value> {
        self.wait_for_validators.then(|| Value::from("validators"))
    }

    /// Tells people of the receipt in an answer.
    pub(super) fn tell(self, answer: &Value, context: &Context) -> anyhow::Result<()> {
        let Some(receipt) = answer.get("validators") else { return Ok(()) };
        let Receipt { confirmed, unconfirmed, safe_at } = views::read(receipt)?;
        let told = if unconfirmed.is_empty() {
            format!("In force at {}; everywhere from {safe_at} on.", names(&confirmed))
        } else {
            format!(
                "In force at {}; not confirmed by {}, which may go on until {safe_at}.",
                names(&confirmed),
                names(&unconfirmed)
            )
        };
        context.output.remark(&told);
        Ok(())
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Receipt {
    confirmed: Vec<String>,
    unconfirmed: Vec<String>,
    safe_at: String,
}

fn names(names: &[String]) -> String {
    if names.is_empty() { "no validator that reports".to_owned() } else { names.join(", ") }
}
