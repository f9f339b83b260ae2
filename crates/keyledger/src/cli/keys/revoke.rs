use clap::Args;
use serde_json::Value;

use super::{Meant, Sending, Which, object, show_key};
use crate::cli::{Context, client::Ask, receipt::Waiting};

/// Arguments of `keys revoke`.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  keyledger keys revoke --partner acme \\\n    --key 0198c7a0-0000-7000-8000-000000000001 --reason 'not used'"
)]
pub(crate) struct RevokeKeyArgs {
    #[command(flatten)]
    which: Which,
    /// Why; stays in the history for ever
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
    /// Do it also to the last operator key
    #[arg(long)]
    force: bool,
    #[command(flatten)]
    waiting: Waiting,
    #[command(flatten)]
    meant: Meant,
    #[command(flatten)]
    sending: Sending,
}

pub(super) async fn run(args: RevokeKeyArgs, context: &Context) -> anyhow::Result<()> {
    let RevokeKeyArgs { which, reason, force, waiting, meant, sending } = args;
    let body = object([
        ("reason", reason.map(Value::from)),
        ("force", force.then_some(Value::Bool(true))),
        ("waitFor", waiting.value()),
    ]);
    let ask = Ask {
        body: Some(body),
        idempotency_key: sending.idempotency_key.as_deref(),
        if_match: meant.if_match,
        ..Ask::default()
    };
    let answer = context.client()?.post(&which.path(Some("revoke")), ask).await?;
    show_key(&answer, context)?;
    waiting.tell(&answer, context)
}
