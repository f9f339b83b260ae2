//! `keyledger audit`: what auditors ask of a registry that runs, or of the files of one.

mod export;
mod prove;
mod remote_log;
mod replay;
mod source;
mod tree;
mod verify;

use crate::cli::{Context, audit::AuditCommand};

/// Does what an auditor asks.
///
/// # Errors
/// One sentence that says what to do.
pub(crate) async fn run(context: &Context, command: AuditCommand) -> anyhow::Result<()> {
    match command {
        AuditCommand::Export(args) => export::run(context, &args).await,
        AuditCommand::Replay => replay::run(context).await,
        AuditCommand::Verify(args) => verify::run(context, &args).await,
        AuditCommand::ProveInclusion(args) => prove::inclusion(context, &args).await,
        AuditCommand::ProveConsistency(args) => prove::consistency(context, &args).await,
        AuditCommand::VerifierKey => prove::verifier_key(context).await,
    }
}
