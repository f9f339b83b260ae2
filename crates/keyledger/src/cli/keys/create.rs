use clap::Args;
use keyledger_domain::{PartnerId, Timestamp};
use serde_json::json;

use super::{
    Sending, object,
    reveal::{must_be_seen, reveal},
};
use crate::{
    cli::{Context, client::Ask},
    settings::Span,
};

/// Arguments of `keys create`.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  keyledger keys create --partner acme --name CI \\\n    --scope client:read --scope site:read\n  \
                        SECRET=$(keyledger keys create --partner acme --name CI \\\n    --scope client:read --expires-in 90d)"
)]
pub(crate) struct CreateArgs {
    /// Whose key
    #[arg(long, value_parser = PartnerId::parse)]
    partner: PartnerId,
    /// What to call it; stays in the history for ever
    #[arg(long)]
    name: String,
    /// What it may do; once for each scope
    #[arg(long = "scope", value_name = "SCOPE", required = true)]
    scopes: Vec<String>,
    /// How many requests a second it may make; 10 unless given
    #[arg(long, requires = "burst")]
    rate: Option<u32>,
    /// How many requests at once; 20 unless given
    #[arg(long, requires = "rate")]
    burst: Option<u32>,
    /// When it ends, for example 2027-01-31T12:00:00Z
    #[arg(long, value_name = "TIME", value_parser = Timestamp::parse)]
    expires_at: Option<Timestamp>,
    /// When it ends, from now, for example 90d; not with an idempotency key, as it means something else each time
    #[arg(long, value_name = "DURATION", conflicts_with_all = ["expires_at", "idempotency_key"])]
    expires_in: Option<Span>,
    #[command(flatten)]
    sending: Sending,
}

pub(super) async fn run(args: CreateArgs, context: &Context) -> anyhow::Result<()> {
    must_be_seen(context.output)?;
    let CreateArgs { partner, name, scopes, rate, burst, expires_at, expires_in, sending } = args;
    let expires_at = expires_at.or_else(|| expires_in.map(|span| span.after(context.clock.now())));
    let throttle = rate.zip(burst).map(|(rate, burst)| json!({ "ratePerSecond": rate, "burst": burst }));
    let body = object([
        ("name", Some(json!(name))),
        ("scopes", Some(json!(scopes))),
        ("throttle", throttle),
        ("expiresAt", expires_at.map(|moment| json!(moment))),
    ]);
    let ask = Ask { body: Some(body), idempotency_key: sending.idempotency_key.as_deref(), ..Ask::default() };
    let answer = context.client()?.post(&["v1", "partners", partner.as_str(), "keys"], ask).await?;
    reveal(&answer, "Created", context)
}
