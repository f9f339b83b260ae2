use clap::Subcommand;

use super::Context;
use crate::{
    output::{Table, count},
    settings::{check::check, reference},
};

/// `config …`
#[derive(Debug, Subcommand)]
#[command(after_help = "Examples:\n  keyledger config show\n  keyledger config check")]
pub(crate) enum ConfigCommand {
    /// Show every setting, its value and where it came from
    #[command(after_help = "Example:\n  keyledger config show --config /etc/keyledger.toml")]
    Show,
    /// Tell what is wrong or unsafe about the settings; fails where anything is wrong
    #[command(after_help = "Example:\n  keyledger config check && keyledger serve")]
    Check,
    /// Print what settings there are, as Markdown
    #[command(after_help = "Example:\n  keyledger config reference")]
    Reference,
}

/// Shows, checks or explains the settings.
pub(super) fn run(command: &ConfigCommand, context: &Context) -> anyhow::Result<()> {
    let output = context.output;
    match command {
        ConfigCommand::Show => {
            let shown = context.loaded.shown();
            output.either(&serde_json::json!({ "settings": shown }), || {
                let mut table = Table::new(&["setting", "value", "from"]);
                for setting in &shown {
                    let value = setting.value.clone().unwrap_or_else(|| "-".to_owned());
                    table.row([setting.name.to_owned(), value, setting.from.clone()]);
                }
                table
            })?;
        }
        ConfigCommand::Check => {
            let found = check(context.settings());
            if output.json {
                output.value(&found)?;
            } else {
                let faults = found.faults.iter().map(|text| format!("fault: {text}"));
                for line in faults.chain(found.warnings.iter().map(|text| format!("warning: {text}"))) {
                    output.line(&line)?;
                }
            }
            match found.faults.len() {
                0 if output.json => {}
                0 => output.line("The settings can be used.")?,
                number => {
                    anyhow::bail!("the settings have {}: correct what is listed", count(number, "fault"))
                }
            }
        }
        ConfigCommand::Reference => output.text(&reference())?,
    }
    Ok(())
}
