use clap::{Args, CommandFactory as _};
use clap_complete::{Shell, generate};

use super::{Cli, Context};

/// Arguments of `completions`.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  keyledger completions bash \\\n    > ~/.local/share/bash-completion/completions/keyledger"
)]
pub(crate) struct CompletionsArgs {
    /// Of which shell
    #[arg(value_enum)]
    shell: Shell,
}

/// Prints the completions.
pub(super) fn run(args: &CompletionsArgs, context: &Context) -> anyhow::Result<()> {
    let mut script = Vec::new();
    generate(args.shell, &mut Cli::command(), "keyledger", &mut script);
    Ok(context.output.text(&String::from_utf8_lossy(&script))?)
}
