//! `keyledger audit`: what auditors ask of a registry that runs, or of the files of one.

mod access_review;
mod csv;
mod diff;
mod explain;
mod export;
mod new_file;
mod past;
mod prove;
mod remote_log;
mod replay;
mod source;
mod state;
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
        AuditCommand::State(args) => state::run(context, &args).await,
        AuditCommand::Explain(args) => explain::run(context, &args).await,
        AuditCommand::Diff(args) => diff::run(context, &args).await,
        AuditCommand::AccessReview(args) => access_review::run(context, &args).await,
        AuditCommand::Verify(args) => verify::run(context, &args).await,
        AuditCommand::ProveInclusion(args) => prove::inclusion(context, &args).await,
        AuditCommand::ProveConsistency(args) => prove::consistency(context, &args).await,
        AuditCommand::VerifierKey => prove::verifier_key(context).await,
    }
}
