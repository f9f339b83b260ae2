use clap::{Args, ValueEnum};
use keyledger_domain::{Moment, PartnerId};
use serde_json::{Value, json};

use super::{at, print};
use crate::cli::{Context, client::Ask, views};

/// Arguments of `keys list`.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  keyledger keys list --partner acme --status active")]
pub(crate) struct ListArgs {
    /// Whose keys
    #[arg(long, value_parser = PartnerId::parse)]
    partner: PartnerId,
    /// Only keys that are this
    #[arg(long, value_enum)]
    status: Option<Status>,
    /// As they were at a moment, or at a position of the log
    #[arg(long, value_name = "MOMENT|POSITION", value_parser = Moment::parse)]
    at: Option<Moment>,
    /// At most so many; all unless given
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u32).range(1..))]
    limit: Option<u32>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Status {
    Active,
    Revoked,
    Expired,
}

impl Status {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Active => "ACTIVE",
            Self::Revoked => "REVOKED",
            Self::Expired => "EXPIRED",
        }
    }
}

/// The most keys that one answer holds.
const PAGE: usize = 200;

pub(super) async fn run(args: ListArgs, context: &Context) -> anyhow::Result<()> {
    let client = context.client()?;
    let limit = args.limit.map_or(usize::MAX, |limit| usize::try_from(limit).unwrap_or(usize::MAX));
    let (mut found, mut cursor) = (Vec::new(), None);
    loop {
        let mut query = vec![("limit", PAGE.min(limit - found.len()).to_string())];
        query.extend(args.status.map(|status| ("status", status.as_str().to_owned())));
        query.extend(args.at.map(at));
        query.extend(cursor.map(|cursor| ("cursor", cursor)));
        let ask = Ask { query, ..Ask::default() };
        let mut page = client.get(&["v1", "partners", args.partner.as_str(), "keys"], ask).await?;
        found.extend(
            page.get_mut("keys").and_then(Value::as_array_mut).map(std::mem::take).unwrap_or_default(),
        );
        cursor = page.get("nextCursor").and_then(Value::as_str).map(str::to_owned);
        if cursor.is_none() || found.len() >= limit {
            break;
        }
    }
    let found = json!({ "keys": found });
    let keys: Vec<views::Key> = views::read(&found["keys"])?;
    print(&found, &keys, views::Key::table(&keys), context)
}
