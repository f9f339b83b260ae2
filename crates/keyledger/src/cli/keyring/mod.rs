//! `keyledger keyring …`: the two steps by which a key of the keyring comes, and how it goes.

mod give_up;
mod retire;
mod running;
mod status;

use std::path::{Path, PathBuf};

use anyhow::bail;
use clap::Subcommand;

use super::Context;
use crate::{
    keyring::{ChangeError, Keyring, Kind, State},
    output::count,
};

/// `keyring …`
#[derive(Debug, Subcommand)]
#[command(
    after_help = "Examples:\n  keyledger keyring status\n  keyledger keyring add pepper\n  keyledger keyring activate pepper"
)]
pub(crate) enum KeyringCommand {
    /// Show the keys of the keyring, and the API keys that keep an old pepper from going
    #[command(after_help = "Example:\n  keyledger keyring status")]
    Status,
    /// Add a key that stands by: the first step to a new one
    #[command(after_help = "Example:\n  keyledger keyring add pepper")]
    Add {
        /// A key of which kind
        #[arg(value_enum)]
        kind: Kind,
    },
    /// Make the key that stands by the active one: the second step, once everything that runs has loaded it
    #[command(after_help = "Example:\n  keyledger keyring activate pepper")]
    Activate {
        /// The key of which kind
        #[arg(value_enum)]
        kind: Kind,
        /// Only if it is this one
        #[arg(value_parser = id)]
        id: Option<u32>,
    },
    /// Take out an old pepper that no live secret needs, or a key that stands by
    #[command(
        after_help = "Examples:\n  keyledger keyring retire pepper 1c9b02f7\n  keyledger keyring retire pepper 1c9b02f7 --force"
    )]
    Retire {
        /// A key of which kind
        #[arg(value_enum)]
        kind: Kind,
        /// Which one
        #[arg(value_parser = id)]
        id: u32,
        /// First revoke the API keys that still need it, or end their overlaps, through the running registry
        #[arg(long)]
        force: bool,
    },
    /// Write the MAC keys alone to another file, for a relay, which recognises no secrets
    #[command(
        after_help = "Example (again after each `keyledger keyring add mac`):\n  keyledger keyring split --to /etc/keyledger/relay-keyring"
    )]
    Split {
        /// Where to
        #[arg(long, value_name = "FILE")]
        to: PathBuf,
    },
}

/// Reads the id of a key of the keyring.
fn id(text: &str) -> Result<u32, &'static str> {
    let digits = text.len() == 8 && text.bytes().all(|digit| digit.is_ascii_hexdigit());
    let id = u32::from_str_radix(text, 16).ok().filter(|_| digits);
    id.ok_or("is not the id of a key: give the 8 hexadecimal digits that `keyledger keyring status` shows")
}

/// Shows or changes the keyring.
pub(super) async fn run(command: KeyringCommand, context: &Context) -> anyhow::Result<()> {
    match command {
        KeyringCommand::Status => status::run(context).await,
        KeyringCommand::Add { kind } => add(kind, context),
        KeyringCommand::Activate { kind, id } => activate(kind, id, context).await,
        KeyringCommand::Split { to } => split(&to, context),
        KeyringCommand::Retire { kind, id, force } => retire::run(kind, id, force, context).await,
    }
}

fn add(kind: Kind, context: &Context) -> anyhow::Result<()> {
    let path = &context.settings().keyring.path;
    let id = Keyring::change(path, |keyring| anyhow::Ok(keyring.add(kind, context.randomness)?))?;
    say(kind, id, "standby", context)?;
    context.output.remark(&format!(
        "It stands by. Make a safe copy of {}, let every machine that runs have it, and then: keyledger keyring activate {}",
        path.display(),
        kind.name()
    ));
    Ok(())
}

fn split(to: &Path, context: &Context) -> anyhow::Result<()> {
    let keyring = Keyring::load(&context.settings().keyring.path)?;
    keyring.write_macs(to)?;
    let keys = keyring.entries(Kind::Mac).len();
    if context.output.json {
        return Ok(context.output.value(&serde_json::json!({ "file": to, "macs": keys }))?);
    }
    context.output.line(&format!("{} holds {} and no pepper.", to.display(), count(keys, "MAC key")))?;
    Ok(())
}

async fn activate(kind: Kind, named: Option<u32>, context: &Context) -> anyhow::Result<()> {
    let path = &context.settings().keyring.path;
    let waiting = Keyring::load(path)?.standing_by(kind).ok_or(ChangeError::NoneStandsBy(kind))?;
    if let Some(holder) = running::without(&running::holds(kind, waiting), context).await? {
        bail!("{holder} has not loaded {} {waiting:08x}: its logs say why", kind.name());
    }
    let named = named.or(Some(waiting));
    let id = Keyring::change(path, |keyring| anyhow::Ok(keyring.activate(kind, named)?))?;
    if let Some(holder) = running::without(&running::holds_as(kind, id, State::Active), context).await? {
        context
            .output
            .remark(&format!("{holder} does not use {} {id:08x} yet: its logs say why", kind.name()));
    }
    say(kind, id, "active", context)
}

/// What became of a key.
fn say(kind: Kind, id: u32, state: &str, context: &Context) -> anyhow::Result<()> {
    let (kind, id) = (kind.name(), format!("{id:08x}"));
    if context.output.json {
        context.output.value(&serde_json::json!({ "kind": kind, "id": id, "state": state }))?;
    } else {
        context.output.line(&format!("{kind} {id} {state}"))?;
    }
    Ok(())
}
