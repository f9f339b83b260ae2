//! One binary: an event-sourced registry of API keys.

mod cli;
mod data_dir;
mod environment;
mod keyring;
mod output;
mod settings;
mod telemetry;

use std::{io, process::ExitCode};

use cli::{Cli, Context, Wrong};
use output::{Output, one_line};

/// Exit status of a command that was refused or failed.
const FAILED: u8 = 1;
/// Exit status of a command line that cannot be understood.
const WRONG_USAGE: u8 = 2;

fn main() -> ExitCode {
    let output = Output { json: false };
    match cli::parse(&cli::arguments()) {
        Ok(cli) => match run(cli) {
            Ok(()) => ExitCode::SUCCESS,
            // Whoever reads our output has seen enough.
            Err(error) if is_broken_pipe(&error) => ExitCode::SUCCESS,
            Err(error) => fail(output, &format!("{error:#}"), FAILED),
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
    cli::run(cli.command, &context)
}

fn fail(output: Output, text: &str, status: u8) -> ExitCode {
    output.remark(&format!("keyledger: {}", one_line(text)));
    ExitCode::from(status)
}

fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
}
