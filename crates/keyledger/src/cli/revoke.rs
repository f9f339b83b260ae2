//! `keyledger revoke`: the emergency. A leaked key, known by its first eight characters, is dead in one command.

use anyhow::bail;
use clap::{ArgGroup, Args};
use keyledger_domain::{PartnerId, Prefix};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    Context,
    client::{Ask, LONG_ANSWER},
    parse::idempotency_key,
    receipt::Waiting,
    views,
};
use crate::output::{Table, count};

/// Arguments of `revoke`.
#[derive(Debug, Args)]
#[command(
    group = ArgGroup::new("which").required(true).args(["prefix", "partner"]),
    after_help = "Examples:\n  keyledger revoke --prefix hT4kQ9xZ --reason 'seen in a public repository'\n  \
                  keyledger revoke --partner acme --all --reason 'contract ended' --dry-run"
)]
pub(crate) struct RevokeArgs {
    /// The first eight characters of any secret of the key, whoever's it is
    #[arg(long, value_parser = |text: &str| Prefix::parse(text.as_bytes()), conflicts_with_all = ["all"])]
    prefix: Option<Prefix>,
    /// Every key of this partner; needs --all
    #[arg(long, value_parser = PartnerId::parse, requires = "all")]
    partner: Option<PartnerId>,
    /// Say that every key of the partner is meant
    #[arg(long)]
    all: bool,
    /// Why; stays in the history for ever
    #[arg(long, value_name = "TEXT")]
    reason: String,
    /// Only tell what would be revoked
    #[arg(long)]
    dry_run: bool,
    /// Do it also to the last operator key
    #[arg(long)]
    force: bool,
    /// Do not ask before every key of a partner is revoked
    #[arg(long, requires = "all")]
    yes: bool,
    #[command(flatten)]
    waiting: Waiting,
    /// Makes a repetition of this command known as one, for ever
    #[arg(long, value_name = "TEXT", value_parser = idempotency_key)]
    idempotency_key: Option<String>,
}

/// What was, or would be, revoked.
#[derive(Deserialize)]
struct Revocation {
    revoked: usize,
    matches: Vec<Match>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Match {
    key_id: String,
    partner_id: String,
    name: String,
    prefix: String,
    status: String,
    already_revoked: bool,
}

pub(super) async fn run(args: RevokeArgs, context: &Context) -> anyhow::Result<()> {
    if !args.dry_run
        && !args.yes
        && let Some(partner) = &args.partner
    {
        agree(&args, partner, context).await?;
    }
    let answer = send(&args, args.dry_run, context).await?;
    let Revocation { revoked, matches } = views::read(&answer)?;
    context.output.either(&answer, || table(&matches))?;
    match (args.dry_run, matches.iter().filter(|found| !found.already_revoked).count()) {
        (true, live) => {
            context.output.remark(&format!("{} would be revoked; nothing was.", count(live, "key")))
        }
        (false, _) => context.output.remark(&format!("{} revoked.", count(revoked, "key"))),
    }
    args.waiting.tell(&answer, context)
}

/// Shows what would happen to all keys of a partner, and asks.
async fn agree(args: &RevokeArgs, partner: &PartnerId, context: &Context) -> anyhow::Result<()> {
    let Revocation { matches, .. } = views::read(&send(args, true, context).await?)?;
    let live = matches.iter().filter(|found| !found.already_revoked).count();
    context.output.remark(&table(&matches).to_string());
    match context.output.ask(&format!("Revoke {} of {partner} for good?", count(live, "key")))? {
        Some(true) => Ok(()),
        Some(false) => bail!("nothing was revoked"),
        None => bail!(
            "{} of {partner} would be revoked for good; nothing was: say --yes to do it without being asked",
            count(live, "key")
        ),
    }
}

async fn send(args: &RevokeArgs, dry_run: bool, context: &Context) -> anyhow::Result<Value> {
    let mut body = match (&args.prefix, &args.partner) {
        (Some(prefix), _) => json!({ "prefix": prefix }),
        (None, partner) => json!({ "partnerId": partner, "all": true }),
    };
    body["reason"] = json!(args.reason);
    if dry_run {
        body["dryRun"] = json!(true);
    }
    if args.force {
        body["force"] = json!(true);
    }
    if let Some(waiting) = args.waiting.value().filter(|_| !dry_run) {
        body["waitFor"] = waiting;
    }
    // A rehearsal under the key of the deed would be another request under it.
    let idempotency_key = args.idempotency_key.as_deref().filter(|_| !dry_run);
    let ask = Ask { body: Some(body), idempotency_key, patience: Some(LONG_ANSWER), ..Ask::default() };
    context.client()?.post(&["v1", "revocations"], ask).await
}

fn table(matches: &[Match]) -> Table {
    let mut table = Table::new(&["key", "partner", "name", "prefix", "status", "before"]);
    for found in matches {
        let before = if found.already_revoked { "revoked" } else { "live" };
        let Match { key_id, partner_id, name, prefix, status, .. } = found;
        table.row([key_id, partner_id, name, prefix, status, before].map(|cell: &str| cell.to_owned()));
    }
    table
}
