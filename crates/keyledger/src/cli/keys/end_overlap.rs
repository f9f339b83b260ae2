use clap::Args;
use serde_json::json;

use super::{Meant, Sending, Which, show_key};
use crate::cli::{Context, client::Ask};

/// Arguments of `keys end-overlap`.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  keyledger keys end-overlap --partner acme \\\n    --key 0198c7a0-0000-7000-8000-000000000001"
)]
pub(crate) struct EndOverlapArgs {
    #[command(flatten)]
    which: Which,
    #[command(flatten)]
    meant: Meant,
    #[command(flatten)]
    sending: Sending,
}

pub(super) async fn run(args: EndOverlapArgs, context: &Context) -> anyhow::Result<()> {
    let EndOverlapArgs { which, meant, sending } = args;
    let ask = Ask {
        body: Some(json!({})),
        idempotency_key: sending.idempotency_key.as_deref(),
        if_match: meant.if_match,
        ..Ask::default()
    };
    let answer = context.client()?.post(&which.path(Some("end-overlap")), ask).await?;
    show_key(&answer, context)
}
