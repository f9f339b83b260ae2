//! What the commands take that run roles or work on the data directory themselves.

use std::path::PathBuf;

use clap::{Args, Subcommand, value_parser};
use keyledger_domain::{KeyName, PartnerId};
use keyledger_event_log::Position;
use keyledger_kafka_relay::Topics;
use keyledger_portal::people::{Role, Username};

use crate::{installation::LogPlace, log_copy::store};

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

/// Arguments of `command-service`; they are settings, and reach it as such.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  keyledger command-service --config /etc/keyledger.toml \\\n    --listen-command 10.0.0.5:8080"
)]
pub(crate) struct CommandServiceArgs {
    /// Where the management API and the portal listen (listen.command)
    #[arg(long, value_name = "ADDRESS")]
    listen_command: Option<String>,
    /// Where liveness, readiness and metrics are served (listen.ops)
    #[arg(long, value_name = "ADDRESS")]
    listen_ops: Option<String>,
}

impl CommandServiceArgs {
    /// The settings that its flags give: setting, flag, value.
    pub(super) fn flags(&self) -> [(&'static str, &'static str, &Option<String>); 2] {
        [
            ("listen.command", "--listen-command", &self.listen_command),
            ("listen.ops", "--listen-ops", &self.listen_ops),
        ]
    }
}

/// Arguments of `projector`; they are settings, and reach it as such.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  keyledger projector --config /etc/keyledger.toml --listen-ops 127.0.0.1:9102"
)]
pub(crate) struct ProjectorArgs {
    /// Where liveness, readiness and metrics are served (listen.ops)
    #[arg(long, value_name = "ADDRESS")]
    listen_ops: Option<String>,
}

impl ProjectorArgs {
    /// The settings that its flags give: setting, flag, value.
    pub(super) fn flags(&self) -> [(&'static str, &'static str, &Option<String>); 1] {
        [("listen.ops", "--listen-ops", &self.listen_ops)]
    }
}

/// Arguments of `validator`; they are settings, and reach it as such.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  keyledger validator --config /etc/keyledger.toml \\\n    --listen-validator 10.0.0.7:8081"
)]
pub(crate) struct ValidatorArgs {
    /// Where the authentication API listens (listen.validator)
    #[arg(long, value_name = "ADDRESS")]
    listen_validator: Option<String>,
    /// Where liveness, readiness and metrics are served (listen.ops)
    #[arg(long, value_name = "ADDRESS")]
    listen_ops: Option<String>,
}

impl ValidatorArgs {
    /// The settings that its flags give: setting, flag, value.
    pub(super) fn flags(&self) -> [(&'static str, &'static str, &Option<String>); 2] {
        [
            ("listen.validator", "--listen-validator", &self.listen_validator),
            ("listen.ops", "--listen-ops", &self.listen_ops),
        ]
    }
}

/// Arguments of `relay`; they are settings, and reach it as such.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  KEYLEDGER_KAFKA__BROKERS=kafka:9092 keyledger relay\n  keyledger relay --config /etc/keyledger.toml --listen-ops 127.0.0.1:9101"
)]
pub(crate) struct RelayArgs {
    /// Where liveness, readiness and metrics are served (listen.ops)
    #[arg(long, value_name = "ADDRESS")]
    listen_ops: Option<String>,
}

impl RelayArgs {
    /// The settings that its flags give: setting, flag, value.
    pub(super) fn flags(&self) -> [(&'static str, &'static str, &Option<String>); 1] {
        [("listen.ops", "--listen-ops", &self.listen_ops)]
    }
}

/// Arguments of `signer`; they are settings, and reach it as such.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  keyledger signer --config /etc/keyledger.toml --listen-ops 127.0.0.1:9103\n\n\
                  Its key is made at the first start (transparency.signer_key)."
)]
pub(crate) struct SignerArgs {
    /// Where liveness, readiness and metrics are served (listen.ops)
    #[arg(long, value_name = "ADDRESS")]
    listen_ops: Option<String>,
}

impl SignerArgs {
    /// The settings that its flags give: setting, flag, value.
    pub(super) fn flags(&self) -> [(&'static str, &'static str, &Option<String>); 1] {
        [("listen.ops", "--listen-ops", &self.listen_ops)]
    }
}

/// `kafka …`
#[derive(Debug, Subcommand)]
#[command(
    after_help = "Examples:\n  keyledger kafka verify\n  keyledger kafka replay --from-position 1 --topic-prefix keyledger.rebuild"
)]
pub(crate) enum KafkaCommand {
    /// Read the topics and compare them with the log: gaps, duplicates, order, differences
    #[command(
        after_help = "Examples:\n  keyledger kafka verify\n  keyledger kafka verify --topic-prefix keyledger.rebuild --json"
    )]
    Verify(VerifyArgs),
    /// Publish history to other topics, for a new consumer
    #[command(
        after_help = "Example:\n  keyledger kafka replay --from-position 1 --topic-prefix keyledger.rebuild"
    )]
    Replay(ReplayArgs),
    /// After a restore: let the topics go on with the log in its new epoch
    #[command(after_help = "Example (stop who publishes first):\n  keyledger kafka continue")]
    Continue,
}

/// Arguments of `kafka verify`.
#[derive(Debug, Args)]
pub(crate) struct VerifyArgs {
    /// The topics that begin so, instead of those of the relay (kafka.topic_prefix)
    #[arg(long, value_name = "PREFIX", value_parser = Topics::with_prefix)]
    pub topic_prefix: Option<Topics>,
}

/// Arguments of `kafka replay`.
#[derive(Debug, Args)]
pub(crate) struct ReplayArgs {
    /// The position of the first event to publish; one that was interrupted goes on where it was
    #[arg(long, value_name = "N", value_parser = value_parser!(u64).range(1..=Position::MAX.get()))]
    pub from_position: u64,
    /// How the names of the topics begin; they are made where they are missing
    #[arg(long, value_name = "PREFIX", value_parser = Topics::with_prefix)]
    pub topic_prefix: Topics,
}

/// `log …`
#[derive(Debug, Subcommand)]
#[command(
    after_help = "Example:\n  keyledger log copy --from ./keyledger-data \\\n    --to postgres://keyledger@db.example.com/keyledger"
)]
pub(crate) enum LogCommand {
    /// Copy the log to another store, event by event, each checked and compared
    Copy(CopyArgs),
}

/// Arguments of `log copy`.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  keyledger log copy --from ./keyledger-data \\\n    --to postgres://keyledger@db.example.com/keys --follow --finish\n  \
                  keyledger log copy --from ./keyledger-data --to ./copy/log.db --json\n\n\
                  A store is a data directory, a file that ends in .db, or postgres://…\n\
                  Run again, it goes on where it was. See docs/moving.md."
)]
pub(crate) struct CopyArgs {
    /// The store to read; it may be in use
    #[arg(long, value_name = "STORE", value_parser = store)]
    pub from: LogPlace,
    /// The store to write; it must hold no other log
    #[arg(long, value_name = "STORE", value_parser = store)]
    pub to: LogPlace,
    /// Copy on what comes, until Ctrl-C or SIGTERM
    #[arg(long)]
    pub follow: bool,
    /// Nobody writes to the source any more: make the copy a log that can be served from
    #[arg(long)]
    pub finish: bool,
}

/// Arguments of `backup`.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  keyledger backup --to /backup/keyledger\n\n\
                  Run again, it brings the backup up to date. The keyring is not in it:\n\
                  keep a copy of that apart. See docs/backup.md.")]
pub(crate) struct BackupArgs {
    /// The directory of the backup: a new or empty one, or that of an earlier backup
    #[arg(long, value_name = "DIR")]
    pub to: PathBuf,
}

/// Arguments of `restore`.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  keyledger restore --from /backup/keyledger --revocations-from kafka\n  \
                  keyledger restore --from /backup/keyledger \\\n    --revocations-from events.ndjson\n\n\
                  The log goes where the settings say, and must be gone from there; the\n\
                  keyring must be in its place. See docs/backup.md."
)]
pub(crate) struct RestoreArgs {
    /// The directory of the backup
    #[arg(long, value_name = "DIR")]
    pub from: PathBuf,
    /// Who tells what was revoked since: `kafka` (the topics of the settings), or a file of `keyledger events --json`
    #[arg(
        long,
        value_name = "kafka|FILE",
        value_parser = Revocations::parse,
        required_unless_present = "without_revocations"
    )]
    pub revocations_from: Option<Revocations>,
    /// Nobody can tell: keys that were revoked after the backup work again
    #[arg(long, conflicts_with = "revocations_from")]
    pub without_revocations: bool,
    /// An epoch that the registry had, where neither the keyring nor the backup knows of it
    #[arg(long, value_name = "EPOCH")]
    pub after_epoch: Option<u32>,
}

/// Who tells what was taken away after a backup.
#[derive(Clone, Debug)]
pub(crate) enum Revocations {
    /// The topics that the relay filled.
    Kafka,
    /// An exported history.
    File(PathBuf),
}

impl Revocations {
    #[expect(clippy::unnecessary_wraps, reason = "so clap wants it")]
    fn parse(text: &str) -> Result<Self, std::convert::Infallible> {
        Ok(if text == "kafka" { Self::Kafka } else { Self::File(text.into()) })
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

/// `users …`
#[derive(Debug, Subcommand)]
#[command(
    after_help = "Examples:\n  keyledger users add ada@example.com --partner acme --role admin\n  keyledger users list\n  keyledger users disable ada@example.com"
)]
pub(crate) enum UsersCommand {
    /// Give somebody an account; the password is drawn for them and shown once
    #[command(
        after_help = "Examples:\n  keyledger users add ada@example.com --partner acme --role admin\n  keyledger users add grace@example.com --operator"
    )]
    Add {
        /// By what they sign in
        #[arg(value_parser = Username::parse)]
        username: Username,
        /// The partner they belong to
        #[arg(long, value_parser = partner, required_unless_present = "operator", conflicts_with = "operator")]
        partner: Option<PartnerId>,
        /// Whether they manage that partner's keys
        #[arg(long, value_parser = role, default_value = "member", value_name = "admin|member", conflicts_with = "operator")]
        role: Role,
        /// They run the registry: they see every partner
        #[arg(long)]
        operator: bool,
    },
    /// Show who has an account
    #[command(after_help = "Example:\n  keyledger users list --partner acme")]
    List {
        /// Only those of this partner
        #[arg(long, value_parser = PartnerId::parse)]
        partner: Option<PartnerId>,
    },
    /// Show every change of what people may do, oldest first: who was changed, by whom, when
    #[command(after_help = "Example:\n  keyledger users changes --partner acme")]
    Changes {
        /// Only of those who are of this partner, or were
        #[arg(long, value_parser = PartnerId::parse)]
        partner: Option<PartnerId>,
    },
    /// Let somebody sign in no more, and sign them out at once
    #[command(after_help = "Example:\n  keyledger users disable ada@example.com")]
    Disable {
        /// Their user name
        #[arg(value_parser = Username::parse)]
        username: Username,
    },
    /// Let somebody sign in again
    #[command(after_help = "Example:\n  keyledger users enable ada@example.com")]
    Enable {
        /// Their user name
        #[arg(value_parser = Username::parse)]
        username: Username,
    },
    /// Give somebody another password, which is shown once, and sign them out
    #[command(after_help = "Example:\n  keyledger users reset-password ada@example.com")]
    ResetPassword {
        /// Their user name
        #[arg(value_parser = Username::parse)]
        username: Username,
    },
    /// Take the people of portal.db in the data directory to the database of read_models.url, with every change of what they may
    /// do; the server is stopped meanwhile
    #[command(after_help = "Example:\n  keyledger users move")]
    Move,
    /// Print a new code with which somebody becomes an operator at /setup
    #[command(after_help = "Example:\n  keyledger users setup-code")]
    SetupCode,
}

/// A partner that people can belong to.
fn partner(text: &str) -> Result<PartnerId, String> {
    match PartnerId::parse(text) {
        Ok(partner) if partner.is_registry() => {
            Err("is the registry's own; whoever runs it is an --operator".to_owned())
        }
        Ok(partner) => Ok(partner),
        Err(invalid) => Err(invalid.to_string()),
    }
}

fn role(text: &str) -> Result<Role, &'static str> {
    match text {
        "admin" => Ok(Role::Admin),
        "member" => Ok(Role::Member),
        _ => Err("is no role: admin or member"),
    }
}

/// `projections …`
#[derive(Debug, Subcommand)]
#[command(after_help = "Example:\n  keyledger projections status")]
pub(crate) enum ProjectionsCommand {
    /// Show how far each projection is, and its digest
    #[command(after_help = "Example:\n  keyledger projections status --json")]
    Status,
    /// Build every projection anew from the log, and compare it with the one that was there
    #[command(
        after_help = "Example (stop `keyledger serve` first, unless read_models.url is set):\n  keyledger projections rebuild"
    )]
    Rebuild {
        /// Also where the log lacks what was read from it before: only when it was put back from a backup on purpose
        #[arg(long)]
        force: bool,
    },
}
