//! The command line: what may be asked, and which file does it.

pub(crate) mod audit;
pub(crate) mod client;
mod completions;
mod config;
mod events;
mod keyring;
pub(crate) mod keys;
mod parse;
mod receipt;
mod revoke;
pub(crate) mod roles;
pub(crate) mod scopes;
mod validators;
mod views;

use std::{ffi::OsString, future::Future, path::PathBuf};

use anyhow::Context as _;
use clap::{Args, Parser, Subcommand, builder::NonEmptyStringValueParser};
use keyledger_domain::Clock;
use keyledger_secret::Randomness;

use crate::{
    data_dir::DataDir,
    environment,
    installation::LogPlace,
    output::Output,
    settings::{Flag, Loaded, Settings, Sources, load},
};

pub(crate) use parse::{Wrong, parse, wrong_flag};

/// An event-sourced registry of API keys.
#[derive(Debug, Parser)]
#[command(
    name = "keyledger",
    version,
    propagate_version = true,
    disable_help_subcommand = true,
    subcommand_required = true,
    after_help = "Examples:\n  keyledger serve\n  keyledger keys create --partner acme --name CI --scope client:read\n  \
                  keyledger revoke --prefix hT4kQ9xZ --reason 'seen in a public repository'\n\n\
                  Exit status: 0 done, 1 refused or failed, 2 wrong usage."
)]
pub(crate) struct Cli {
    /// What every command takes.
    #[command(flatten)]
    pub everywhere: Everywhere,
    /// What is asked for.
    #[command(subcommand)]
    pub command: Command,
}

/// Flags of every command.
#[derive(Debug, Args)]
#[command(next_help_heading = "Everywhere")]
pub(crate) struct Everywhere {
    /// Print JSON for machines
    #[arg(long, global = true)]
    pub json: bool,
    /// Read settings from this file instead of ./keyledger.toml
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Where data lies (server.data_dir)
    #[arg(long, global = true, value_name = "DIR", value_parser = NonEmptyStringValueParser::new())]
    data_dir: Option<String>,
    /// Where the management API is (client.url)
    #[arg(long, global = true, value_name = "URL")]
    url: Option<String>,
    /// The file that holds the management key (client.key_file)
    #[arg(long, global = true, value_name = "FILE", value_parser = NonEmptyStringValueParser::new())]
    key_file: Option<String>,
}

/// The commands.
#[derive(Debug, Subcommand)]
#[expect(clippy::enum_variant_names, reason = "the role is called command service everywhere")]
pub(crate) enum Command {
    /// Serve every role in one process; a new data directory is initialised first
    Serve(roles::ServeArgs),
    /// Take commands, and nothing else: the management API and the portal
    CommandService(roles::CommandServiceArgs),
    /// Make the lists, and nothing else, from a log that others write
    Projector(roles::ProjectorArgs),
    /// Judge requests, and nothing else, on a log that others write
    Validator(roles::ValidatorArgs),
    /// Publish the log to Kafka, and nothing else
    Relay(roles::RelayArgs),
    /// Sign the log, and nothing else, so that nobody can change its past unseen
    Signer(roles::SignerArgs),
    /// Compare Kafka with the log, or publish history anew
    #[command(subcommand)]
    Kafka(roles::KafkaCommand),
    /// Copy the log to another store
    #[command(subcommand)]
    Log(roles::LogCommand),
    /// Back the log and the portal's people up, also while serving
    Backup(roles::BackupArgs),
    /// Put a backup in the place of a log that is gone, in a new life
    Restore(roles::RestoreArgs),
    /// Make a new registry: keyring, log, scope catalogue, first operator key
    Init(roles::InitArgs),
    /// Create, list and change keys
    #[command(subcommand)]
    Keys(keys::KeysCommand),
    /// Revoke a key by its first eight characters, or every key of a partner
    Revoke(revoke::RevokeArgs),
    /// Show which validators report, and how far each has come
    Validators(validators::ValidatorsArgs),
    /// Read what happened
    Events(events::EventsArgs),
    /// Show or change the scopes there are
    #[command(subcommand)]
    Scopes(scopes::ScopesCommand),
    /// Ask what was, and whether nobody edited it
    #[command(subcommand)]
    Audit(audit::AuditCommand),
    /// Make another operator key while nothing serves
    #[command(subcommand)]
    OperatorKey(roles::OperatorKeyCommand),
    /// Who may use the portal
    #[command(subcommand)]
    Users(roles::UsersCommand),
    /// Look at the read models and the key index, or build them anew
    #[command(subcommand)]
    Projections(roles::ProjectionsCommand),
    /// Look at the keyring, or change a key of it
    #[command(subcommand)]
    Keyring(keyring::KeyringCommand),
    /// Show or check the settings
    #[command(subcommand)]
    Config(config::ConfigCommand),
    /// Print the completions of a shell
    Completions(completions::CompletionsArgs),
}

/// What a command works with.
pub(crate) struct Context {
    /// The settings, and where each came from.
    pub loaded: Loaded,
    /// Where it prints.
    pub output: Output,
    /// Tells the time.
    pub clock: &'static dyn Clock,
    /// Draws ids and keys.
    pub randomness: &'static dyn Randomness,
}

impl Context {
    /// Reads the settings for a command line.
    ///
    /// # Errors
    /// As [`load`].
    pub(crate) fn of(cli: &Cli) -> anyhow::Result<Self> {
        let sources = Sources {
            config: cli.everywhere.config.clone(),
            variables: environment::variables(),
            flags: cli.flags(),
        };
        Ok(Self {
            loaded: load(&sources)?,
            output: Output { json: cli.everywhere.json },
            clock: &environment::SystemClock,
            randomness: &environment::OsRandomness,
        })
    }

    /// The settings.
    pub(crate) fn settings(&self) -> &Settings {
        &self.loaded.settings
    }

    /// The data directory.
    pub(crate) fn data_dir(&self) -> DataDir {
        DataDir::new(&self.settings().server.data_dir)
    }

    /// Where the event log is.
    pub(crate) fn log_place(&self) -> anyhow::Result<LogPlace> {
        LogPlace::of(&self.settings().log, &self.data_dir())
    }

    /// Whoever asks the registry that runs.
    pub(crate) fn client(&self) -> anyhow::Result<client::Client> {
        client::Client::new(&self.settings().client, self.randomness)
    }
}

impl Cli {
    /// The settings that flags give.
    fn flags(&self) -> Vec<Flag> {
        let everywhere = &self.everywhere;
        let mut given = vec![
            ("server.data_dir", "--data-dir", &everywhere.data_dir),
            ("client.url", "--url", &everywhere.url),
            ("client.key_file", "--key-file", &everywhere.key_file),
        ];
        match &self.command {
            Command::Serve(serve) => given.extend(serve.flags()),
            Command::CommandService(command_service) => given.extend(command_service.flags()),
            Command::Projector(projector) => given.extend(projector.flags()),
            Command::Validator(validator) => given.extend(validator.flags()),
            Command::Relay(relay) => given.extend(relay.flags()),
            Command::Signer(signer) => given.extend(signer.flags()),
            _ => {}
        }
        let given = given.into_iter();
        given
            .filter_map(|(setting, flag, value)| Some(Flag { setting, flag, value: value.clone()? }))
            .collect()
    }
}

/// Does what a command line of a client asks. What runs a role is not here: `main` knows where that is.
///
/// # Errors
/// One line that says what to do.
pub(crate) fn run(command: Command, context: &Context) -> anyhow::Result<()> {
    match command {
        Command::Keys(command) => wait_for(keys::run(command, context)),
        Command::Revoke(args) => wait_for(revoke::run(args, context)),
        Command::Validators(args) => wait_for(validators::run(args, context)),
        Command::Events(args) => wait_for(events::run(args, context)),
        Command::Scopes(command) => wait_for(scopes::run(command, context)),
        Command::Keyring(command) => wait_for(keyring::run(command, context)),
        Command::Config(command) => config::run(&command, context),
        Command::Completions(args) => completions::run(&args, context),
        Command::Serve(_)
        | Command::CommandService(_)
        | Command::Projector(_)
        | Command::Validator(_)
        | Command::Relay(_)
        | Command::Signer(_)
        | Command::Kafka(_)
        | Command::Log(_)
        | Command::Backup(_)
        | Command::Restore(_)
        | Command::Init(_)
        | Command::Audit(_)
        | Command::OperatorKey(_)
        | Command::Users(_)
        | Command::Projections(_) => {
            anyhow::bail!("a role is not run from here")
        }
    }
}

/// Runs what asks over the network, on this thread.
fn wait_for<T>(work: impl Future<Output = anyhow::Result<T>>) -> anyhow::Result<T> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.context("cannot start a runtime")?.block_on(work)
}

/// Every argument of the process, the program's name first.
pub(crate) fn arguments() -> Vec<OsString> {
    environment::arguments().collect()
}
