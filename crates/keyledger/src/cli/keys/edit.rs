use clap::{ArgGroup, Args};
use keyledger_domain::Timestamp;
use serde_json::{Value, json};

use super::{Meant, Which, object, show_key};
use crate::{
    cli::{Context, client::Ask},
    settings::Span,
};

/// Arguments of `keys edit`.
#[derive(Debug, Args)]
#[command(
    group = ArgGroup::new("change").required(true).multiple(true)
        .args(["name", "scopes", "rate", "default_throttle", "expires_at", "expires_in", "never_expires"]),
    after_help = "Examples:\n  keyledger keys edit --partner acme \\\n    --key 0198c7a0-0000-7000-8000-000000000001 --scope client:read\n  \
                  keyledger keys edit --partner acme \\\n    --key 0198c7a0-0000-7000-8000-000000000001 --rate 50 --burst 100"
)]
pub(crate) struct EditArgs {
    #[command(flatten)]
    which: Which,
    /// What to call it; stays in the history for ever
    #[arg(long)]
    name: Option<String>,
    /// All it may do, in place of what it may now; once for each scope
    #[arg(long = "scope", value_name = "SCOPE")]
    scopes: Vec<String>,
    /// How many requests a second it may make
    #[arg(long, requires = "burst", conflicts_with = "default_throttle")]
    rate: Option<u32>,
    /// How many requests at once
    #[arg(long, requires = "rate")]
    burst: Option<u32>,
    /// Let it call as fast as a key for which nothing was asked
    #[arg(long)]
    default_throttle: bool,
    /// When it ends, for example 2027-01-31T12:00:00Z
    #[arg(long, value_name = "TIME", value_parser = Timestamp::parse, conflicts_with_all = ["expires_in", "never_expires"])]
    expires_at: Option<Timestamp>,
    /// When it ends, from now, for example 90d
    #[arg(long, value_name = "DURATION", conflicts_with = "never_expires")]
    expires_in: Option<Span>,
    /// Let it live until it is revoked
    #[arg(long)]
    never_expires: bool,
    /// Do it also to the last operator key
    #[arg(long)]
    force: bool,
    #[command(flatten)]
    meant: Meant,
}

pub(super) async fn run(args: EditArgs, context: &Context) -> anyhow::Result<()> {
    let expires_at = args.expires_at.or_else(|| args.expires_in.map(|span| span.after(context.clock.now())));
    let throttle =
        args.rate.zip(args.burst).map(|(rate, burst)| json!({ "ratePerSecond": rate, "burst": burst }));
    let body = object([
        ("name", args.name.map(Value::from)),
        ("scopes", (!args.scopes.is_empty()).then(|| json!(args.scopes))),
        // Null is a value: the default throttle, and no expiry.
        ("throttle", throttle.or(args.default_throttle.then_some(Value::Null))),
        ("expiresAt", expires_at.map(|moment| json!(moment)).or(args.never_expires.then_some(Value::Null))),
        ("force", args.force.then_some(Value::Bool(true))),
    ]);
    let ask = Ask { body: Some(body), if_match: args.meant.if_match, ..Ask::default() };
    let answer = context.client()?.patch(&args.which.path(None), ask).await?;
    show_key(&answer, context)
}
