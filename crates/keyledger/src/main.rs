//! One binary: an event-sourced registry of API keys.
//!
//! This crate is the root of the house: it alone reads the machine's clock, randomness, environment and files of
//! configuration, picks the adapters, and wires the roles. What the roles do is in the other crates.

mod audit;
mod backup;
mod cli;
mod command_service;
mod data_dir;
mod environment;
mod init;
mod installation;
mod kafka;
mod keyring;
mod log_copy;
mod openid;
mod operator_key;
mod ops;
mod output;
mod projections;
mod projector;
mod restore;
mod running;
mod serve;
mod settings;
mod telemetry;
mod transparency;
mod users;
mod validator;

use std::{io, process::ExitCode};

use anyhow::Context as _;
use cli::{
    Cli, Command, Context, Wrong,
    roles::{KafkaCommand, LogCommand, OperatorKeyCommand, ProjectionsCommand},
};
use metrics_exporter_prometheus::PrometheusHandle;
use output::{Output, causes, one_line};
use settings::WrongFlag;

/// Measured: docs/adr/0009-the-allocator.md. SQLite and the client of Kafka use it too.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Exit status of a command that was refused or failed.
const FAILED: u8 = 1;
/// Exit status of a command line that cannot be understood.
const WRONG_USAGE: u8 = 2;

fn main() -> ExitCode {
    let output = Output { json: false };
    let arguments = cli::arguments();
    match cli::parse(&arguments) {
        Ok(cli) => match run(cli) {
            Ok(()) => ExitCode::SUCCESS,
            // Whoever reads our output has seen enough.
            Err(error) if is_broken_pipe(&error) => ExitCode::SUCCESS,
            Err(error) => match error.downcast_ref::<WrongFlag>() {
                Some(wrong) => fail(output, &cli::wrong_flag(wrong, &arguments), WRONG_USAGE),
                None => fail(output, &causes(&error), FAILED),
            },
        },
        Err(Wrong::Nothing(text)) => match output.text(&text) {
            Err(error) if error.kind() != io::ErrorKind::BrokenPipe => ExitCode::from(FAILED),
            _ => ExitCode::SUCCESS,
        },
        Err(Wrong::Usage(text)) => fail(output, &text, WRONG_USAGE),
    }
}

fn run(cli: Cli) -> anyhow::Result<()> {
    // Two crates bring a provider each, and neither may choose for the other.
    if rustls::crypto::aws_lc_rs::default_provider().install_default().is_err() {
        anyhow::bail!("the provider of TLS was chosen already");
    }
    let context = Context::of(&cli)?;
    match cli.command {
        Command::Serve(_) => {
            serve_role(&context, |metrics, warnings| serve::run(&context, metrics, warnings))
        }
        Command::CommandService(_) => {
            serve_role(&context, |metrics, warnings| command_service::run(&context, metrics, warnings))
        }
        Command::Projector(_) => {
            serve_role(&context, |metrics, warnings| projector::run(&context, metrics, warnings))
        }
        Command::Validator(_) => {
            serve_role(&context, |metrics, warnings| validator::run(&context, metrics, warnings))
        }
        Command::Relay(_) => {
            serve_role(&context, |metrics, warnings| kafka::relay::run(&context, metrics, warnings))
        }
        Command::Signer(_) => {
            serve_role(&context, |metrics, warnings| transparency::role::run(&context, metrics, warnings))
        }
        Command::Kafka(KafkaCommand::Verify(args)) => on_all_cores(kafka::verify::run(&context, &args)),
        Command::Kafka(KafkaCommand::Continue) => on_all_cores(kafka::go_on::run(&context)),
        Command::Kafka(KafkaCommand::Replay(args)) => on_all_cores(kafka::replay::run(&context, &args)),
        Command::Log(LogCommand::Copy(args)) => on_all_cores(log_copy::run(&context, &args)),
        Command::Backup(args) => on_all_cores(backup::run(&context, &args)),
        Command::Restore(args) => on_all_cores(restore::run(&context, &args)),
        Command::Audit(command) => on_all_cores(audit::run(&context, command)),
        Command::Init(args) => on_all_cores(init::run(&context, args.scopes.as_deref())),
        Command::OperatorKey(OperatorKeyCommand::New { name }) => {
            on_all_cores(operator_key::new(&context, name))
        }
        Command::Users(command) => on_all_cores(users::run(&context, command)),
        Command::Projections(ProjectionsCommand::Status) => on_all_cores(projections::status::run(&context)),
        Command::Projections(ProjectionsCommand::Rebuild { force }) => {
            on_all_cores(projections::rebuild::run(&context, force))
        }
        command => cli::run(command, &context),
    }
}

/// Runs a role, or all of them, with logs, metrics and traces.
fn serve_role<F: Future<Output = anyhow::Result<()>>>(
    context: &Context,
    role: impl FnOnce(PrometheusHandle, Vec<String>) -> F,
) -> anyhow::Result<()> {
    let found = settings::check::check(context.settings());
    anyhow::ensure!(found.faults.is_empty(), "{}", found.faults.join("; "));
    on_all_cores(async {
        let telemetry = telemetry::start(&context.settings().telemetry)?;
        let served = role(telemetry.metrics.clone(), found.warnings).await;
        tokio::task::spawn_blocking(move || telemetry.shutdown()).await?;
        served
    })
}

/// Runs what works on the data directory: the log and the read models have threads of their own.
fn on_all_cores<T>(work: impl Future<Output = anyhow::Result<T>>) -> anyhow::Result<T> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    runtime.context("cannot start a runtime")?.block_on(work)
}

fn fail(output: Output, text: &str, status: u8) -> ExitCode {
    output.remark(&format!("keyledger: {}", one_line(text)));
    ExitCode::from(status)
}

fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
}
