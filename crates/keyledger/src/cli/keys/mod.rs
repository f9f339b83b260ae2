//! `keyledger keys …`: the management API from a terminal, one operation a file.

mod create;
mod edit;
mod end_overlap;
mod history;
mod list;
mod regenerate;
mod reveal;
mod revoke;
mod show;

use clap::{Args, Subcommand};
use keyledger_domain::{KeyId, Moment, PartnerId};
use serde_json::Value;

use super::{
    Context,
    parse::{idempotency_key, key_id},
    views,
};
use crate::output::Table;

/// `keys …`
#[derive(Debug, Subcommand)]
#[command(
    after_help = "Examples:\n  keyledger keys list --partner acme\n  keyledger keys create --partner acme --name CI --scope client:read"
)]
pub(crate) enum KeysCommand {
    /// Create a key; its secret is shown once
    Create(create::CreateArgs),
    /// List the keys of a partner, newest first
    List(list::ListArgs),
    /// Show a key
    Show(show::ShowArgs),
    /// Give a key a new secret, which is shown once; the old one goes on working for a while
    Regenerate(regenerate::RegenerateArgs),
    /// End the old secret of a key at once
    EndOverlap(end_overlap::EndOverlapArgs),
    /// Change what a key is called, may do, how fast and until when
    Edit(edit::EditArgs),
    /// End a key and all its secrets for good
    Revoke(revoke::RevokeKeyArgs),
    /// Show what happened to a key, oldest first
    History(history::HistoryArgs),
}

/// Which key.
#[derive(Debug, Args)]
pub(super) struct Which {
    /// Whose key
    #[arg(long, value_parser = PartnerId::parse)]
    partner: PartnerId,
    /// Which key, by its keyId
    #[arg(long, value_parser = key_id)]
    key: KeyId,
}

impl Which {
    /// Its path, and what comes below it.
    fn path(&self, below: Option<&str>) -> Vec<String> {
        let path = ["v1", "partners", self.partner.as_str(), "keys"].map(str::to_owned);
        path.into_iter().chain([self.key.to_string()]).chain(below.map(str::to_owned)).collect()
    }
}

/// A place in the past, as it is asked for.
fn at(moment: Moment) -> (&'static str, String) {
    let text = match moment {
        Moment::Position(position) => position.to_string(),
        Moment::Time(time) => time.to_string(),
    };
    ("at", text)
}

/// How a change is sent.
#[derive(Debug, Args)]
pub(super) struct Sending {
    /// Makes a repetition of this command known as one, for ever
    #[arg(long, value_name = "TEXT", value_parser = idempotency_key)]
    idempotency_key: Option<String>,
}

/// For which revision a change is meant.
#[derive(Debug, Args)]
pub(super) struct Meant {
    /// Refuse unless the key is still at this revision
    #[arg(long, value_name = "REVISION")]
    if_match: Option<u64>,
}

/// Asks for what a command says.
pub(super) async fn run(command: KeysCommand, context: &Context) -> anyhow::Result<()> {
    match command {
        KeysCommand::Create(args) => create::run(args, context).await,
        KeysCommand::List(args) => list::run(args, context).await,
        KeysCommand::Show(args) => show::run(args, context).await,
        KeysCommand::Regenerate(args) => regenerate::run(args, context).await,
        KeysCommand::EndOverlap(args) => end_overlap::run(args, context).await,
        KeysCommand::Edit(args) => edit::run(args, context).await,
        KeysCommand::Revoke(args) => revoke::run(args, context).await,
        KeysCommand::History(args) => history::run(args, context).await,
    }
}

/// Shows the key that an answer is.
pub(crate) fn show_key(answer: &Value, context: &Context) -> anyhow::Result<()> {
    let key: views::Key = views::read(answer)?;
    let table = key.fields();
    print(answer, &[key], table, context)
}

/// Shows a list of keys to people.
pub(crate) fn show_keys(keys: &Value, context: &Context) -> anyhow::Result<()> {
    let read: Vec<views::Key> = views::read(keys)?;
    let table = views::Key::table(&read);
    print(keys, &read, table, context)
}

/// Prints keys: an answer for machines, a table for people, and beside it what its marks mean.
fn print(answer: &Value, keys: &[views::Key], table: Table, context: &Context) -> anyhow::Result<()> {
    context.output.either(answer, || table)?;
    if let Some(remark) = views::Key::remark(keys).filter(|_| !context.output.json) {
        context.output.remark(remark);
    }
    Ok(())
}

/// An object of the values there are.
fn object<const N: usize>(fields: [(&str, Option<Value>); N]) -> Value {
    let given = fields.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?)));
    Value::Object(given.collect())
}
