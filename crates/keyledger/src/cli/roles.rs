//! What the commands take that run roles or work on the data directory themselves.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use keyledger_domain::KeyName;

/// Arguments of `serve`; they are settings, and reach it as such.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  keyledger serve\n  keyledger serve --data-dir /var/lib/keyledger \\\n    --listen-validator 127.0.0.1:0"
)]
pub(crate) struct ServeArgs {
    /// Where the management API and the portal listen (listen.command)
    #[arg(long, value_name = "ADDRESS")]
    listen_command: Option<String>,
    /// Where the authentication API listens (listen.validator)
    #[arg(long, value_name = "ADDRESS")]
    listen_validator: Option<String>,
    /// Where liveness, readiness and metrics are served (listen.ops)
    #[arg(long, value_name = "ADDRESS")]
    listen_ops: Option<String>,
}

impl ServeArgs {
    /// The settings that its flags give: setting, flag, value.
    pub(super) fn flags(&self) -> [(&'static str, &'static str, &Option<String>); 3] {
        [
            ("listen.command", "--listen-command", &self.listen_command),
            ("listen.validator", "--listen-validator", &self.listen_validator),
            ("listen.ops", "--listen-ops", &self.listen_ops),
        ]
    }
}

/// Arguments of `init`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  keyledger init\n  keyledger init --scopes scopes.toml --json")]
pub(crate) struct InitArgs {
    /// The scope catalogue to begin with, instead of the built-in example
    #[arg(long, value_name = "FILE")]
    pub scopes: Option<PathBuf>,
}

/// `operator-key …`
#[derive(Debug, Subcommand)]
#[command(after_help = "Example (stop `keyledger serve` first):\n  keyledger operator-key new")]
pub(crate) enum OperatorKeyCommand {
    /// Make an operator key with the keyring at hand; it is recorded like any other
    #[command(
        after_help = "Example (stop `keyledger serve` first):\n  keyledger operator-key new --name 'on call'"
    )]
    New {
        /// What to call it
        #[arg(long, default_value = "operator", value_parser = KeyName::parse)]
        name: KeyName,
    },
}

/// `projections …`
#[derive(Debug, Subcommand)]
#[command(after_help = "Example:\n  keyledger projections status")]
pub(crate) enum ProjectionsCommand {
    /// Show how far each projection is, and its digest
    #[command(after_help = "Example:\n  keyledger projections status --json")]
    Status,
    /// Build every projection anew from the log, and compare it with the one that was there
    #[command(after_help = "Example (stop `keyledger serve` first):\n  keyledger projections rebuild")]
    Rebuild {
        /// Also where the log lacks what was read from it before: only when it was put back from a backup on purpose
        #[arg(long)]
        force: bool,
    },
}
