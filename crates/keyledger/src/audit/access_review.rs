//! `keyledger audit access-review`: every key with what reviews of access ask for, as SOC 2 (CC6.2, CC6.3) and
//! ISO/IEC 27001 (A.5.18) have them made each quarter.

use std::{
    fs::File,
    io::{self, BufWriter, Write as _},
};

use anyhow::Context as _;
use keyledger_audit::past::State;
use keyledger_domain::{
    Prefix, Timestamp,
    key::{Key, Status},
};
use keyledger_event_log::LogIdentity;
use keyledger_read_models::LastUsedReader;
use serde::Serialize;
use serde_json::json;

use super::{
    csv, new_file,
    past::{Asked, Watching},
    state::shown,
};
use crate::{
    cli::{
        Context,
        audit::{ReviewArgs, ReviewFormat},
    },
    installation::ModelsPlace,
    output::{Table, count},
};

/// Lists.
///
/// # Errors
/// One sentence that says what to do.
pub(super) async fn run(context: &Context, args: &ReviewArgs) -> anyhow::Result<()> {
    let asked = Asked::open(context, Some(&args.index), args.at).await?;
    let last_uses = match &asked.files {
        Some(files) => {
            Some(ModelsPlace::of(&context.settings().read_models, &files.directory)?.read_last_used())
        }
        None => None,
    };
    let mut watching = Watching::begin(context.output);
    let mut state = asked.past.state(asked.moment, &mut watching).await?;
    drop(watching);
    state.time = asked.now.unwrap_or(state.time);
    let mut keys = Vec::new();
    for key in state.keys() {
        let key = key?;
        if args.partner.as_ref().is_none_or(|partner| key.partner() == partner.as_str()) {
            keys.push(key.key()?);
        }
    }
    keys.sort_by(|a, b| {
        (a.partner_id.as_str(), a.created_at, a.key_id).cmp(&(b.partner_id.as_str(), b.created_at, b.key_id))
    });
    let uses = tokio::task::spawn_blocking(move || LastUses::of(keys, last_uses.as_ref())).await?;
    let LastUses { keys, why_unknown } = uses;
    let rows: Vec<_> = keys.into_iter().map(|(key, used)| Row::of(key, used, state.time)).collect();
    let format = if context.output.json { ReviewFormat::Json } else { args.format };
    write(context, args, format, &state, asked.log, &rows)?;
    if let Some(why) = why_unknown {
        context.output.remark(&format!("When keys were last used is not known: {why}."));
    }
    if args.at.is_some() {
        context
            .output
            .remark("When keys were last used is told as it is known now, not as it was known then.");
    }
    Ok(())
}

/// When a key was last used.
#[derive(Clone, Copy, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
enum Used {
    /// In this minute, as far as is recorded.
    Recorded(Timestamp),
    /// No use is recorded. What a crash took away, or nobody recorded yet, may have been one.
    NoneRecorded,
    /// Nobody here can tell.
    NotKnown,
}

/// Keys with when they were last used, and why nobody can tell where nobody can.
struct LastUses {
    keys: Vec<(Key, Used)>,
    why_unknown: Option<String>,
}

impl LastUses {
    /// Asks the table of last uses. It blocks.
    fn of(keys: Vec<Key>, reader: Option<&LastUsedReader>) -> Self {
        let unknown = |keys: Vec<Key>, why: String| Self {
            keys: keys.into_iter().map(|key| (key, Used::NotKnown)).collect(),
            why_unknown: Some(why),
        };
        let Some(reader) = reader else {
            let why = "the registry does not tell it; ask on its machine, with --data-dir";
            return unknown(keys, why.to_owned());
        };
        // Every secret of the key that may still have been in use.
        let secrets = |key: &Key| -> Vec<Prefix> {
            key.superseded_secrets.iter().map(|secret| secret.prefix).chain([key.prefix]).collect()
        };
        let prefixes: Vec<_> = keys.iter().flat_map(secrets).collect();
        let mut found = Vec::with_capacity(prefixes.len());
        for some in prefixes.chunks(AT_ONCE) {
            match reader.last_used(some) {
                Ok(times) => found.extend(times),
                Err(error) => return unknown(keys, error.to_string()),
            }
        }
        let mut found = found.into_iter();
        let used = |key: Key| {
            let last = found.by_ref().take(key.superseded_secrets.len() + 1).flatten().max();
            (key, last.map_or(Used::NoneRecorded, Used::Recorded))
        };
        Self { keys: keys.into_iter().map(used).collect(), why_unknown: None }
    }
}

/// How many secrets are asked for together.
const AT_ONCE: usize = 1_000;

/// A key in a review.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Row {
    key_id: String,
    partner_id: String,
    name: String,
    status: Status,
    scopes: Vec<String>,
    created_at: Timestamp,
    age_days: i64,
    created_by: String,
    /// When it last got a new secret; null: it has its first one.
    rotated_at: Option<Timestamp>,
    /// Since then, or since it was created.
    secret_age_days: i64,
    expires_at: Option<Timestamp>,
    revoked_at: Option<Timestamp>,
    last_used_at: Option<Timestamp>,
    last_use: &'static str,
}

/// The columns of a review, in the order of [`Row::cells`].
const COLUMNS: [&str; 14] = [
    "key",
    "partner",
    "name",
    "status",
    "scopes",
    "created",
    "age (days)",
    "created by",
    "last rotation",
    "secret's age (days)",
    "expires",
    "revoked",
    "last use",
    "last use is",
];

impl Row {
    fn of(key: Key, used: Used, time: Timestamp) -> Self {
        const DAY: i64 = 24 * 60 * 60 * 1_000;
        let days_since = |since: Timestamp| (time.millis() - since.millis()).max(0) / DAY;
        let (last_used_at, last_use) = match used {
            Used::Recorded(at) => (Some(at), "RECORDED"),
            Used::NoneRecorded => (None, "NONE_RECORDED"),
            Used::NotKnown => (None, "NOT_KNOWN"),
        };
        Self {
            key_id: key.key_id.to_string(),
            partner_id: key.partner_id.to_string(),
            name: key.name.to_string(),
            status: key.status(time),
            scopes: key.scopes.iter().map(ToString::to_string).collect(),
            created_at: key.created_at,
            age_days: days_since(key.created_at),
            created_by: key.created_by.to_string(),
            rotated_at: key.regenerated_at,
            secret_age_days: days_since(key.regenerated_at.unwrap_or(key.created_at)),
            expires_at: key.expires_at,
            revoked_at: key.revoked.map(|revoked| revoked.at),
            last_used_at,
            last_use,
        }
    }

    fn cells(&self) -> [String; 14] {
        let or = |moment: Option<Timestamp>, none: &str| {
            moment.map_or_else(|| none.to_owned(), |moment| moment.to_string())
        };
        let status = match self.status {
            Status::Active => "ACTIVE",
            Status::Revoked => "REVOKED",
            Status::Expired => "EXPIRED",
        };
        let unused = if self.last_use == "NOT_KNOWN" { "not known" } else { "none recorded" };
        [
            self.key_id.clone(),
            self.partner_id.clone(),
            self.name.clone(),
            status.to_owned(),
            self.scopes.join(" "),
            self.created_at.to_string(),
            self.age_days.to_string(),
            self.created_by.clone(),
            or(self.rotated_at, "never"),
            self.secret_age_days.to_string(),
            or(self.expires_at, "never"),
            or(self.revoked_at, ""),
            or(self.last_used_at, unused),
            self.last_use.to_owned(),
        ]
    }
}

fn write(
    context: &Context,
    args: &ReviewArgs,
    format: ReviewFormat,
    state: &State,
    log: LogIdentity,
    rows: &[Row],
) -> anyhow::Result<()> {
    let file = args.to.as_deref().map(new_file::create).transpose()?;
    let mut to: Box<dyn io::Write> = match &file {
        Some(file) => Box::new(BufWriter::new(file.try_clone()?)),
        None => Box::new(BufWriter::new(io::stdout().lock())),
    };
    match format {
        ReviewFormat::Table => {
            // What the last column says the one before it says to people.
            let mut table = Table::new(&COLUMNS[..13]);
            rows.iter().for_each(|row| table.row(row.cells().into_iter().take(13)));
            writeln!(to, "{table}")?;
        }
        ReviewFormat::Csv => {
            to.write_all(csv::row(COLUMNS).as_bytes())?;
            for row in rows {
                to.write_all(csv::row(row.cells().iter().map(String::as_str)).as_bytes())?;
            }
        }
        ReviewFormat::Json => {
            let review = json!({
                "at": shown(state.moment), "time": state.time, "log": log.log, "epoch": log.epoch, "keys": rows,
            });
            serde_json::to_writer(&mut to, &review)?;
            writeln!(to)?;
        }
    }
    to.flush()?;
    drop(to);
    file.as_ref().map(File::sync_all).transpose().context("cannot write the file to the disk")?;
    if let Some(path) = &args.to {
        context.output.remark(&format!("{} written to {}", count(rows.len(), "key"), path.display()));
    }
    Ok(())
}
