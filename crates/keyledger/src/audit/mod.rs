//! `keyledger audit`: what auditors ask of a registry that runs, or of the files of one.

mod export;
mod remote_log;
mod replay;
mod source;

use crate::cli::{Context, audit::AuditCommand};

/// Does what an auditor asks.
///
/// # Errors
/// One sentence that says what to do.
pub(crate) async fn run(context: &Context, command: AuditCommand) -> anyhow::Result<()> {
    match command {
        AuditCommand::Export(args) => export::run(context, &args).await,
        AuditCommand::Replay => replay::run(context).await,
    }
}
