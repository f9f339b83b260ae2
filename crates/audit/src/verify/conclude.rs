use super::{
    Finding, Report, VerifyError, VerifyParts,
    alignment::{Alignment, Leaf, Passed},
    log_reader::{self, Read},
    trees::Trees,
};
use crate::tree::leaf_hash;

/// What follows once everything was read: whose fault a difference is, and whether the auditor's own checkpoint is borne out.
///
/// The root that was signed decides: where the tiles have it, they are what was signed, and the log was changed; where the log
/// has it, the tiles were, and are looked at once more beside the log; where neither has it, nobody can tell.
pub(super) async fn conclude(
    parts: &VerifyParts<'_>,
    report: &mut Report,
    trees: &Trees,
    alignment: Alignment,
    of_tiles: Vec<Finding>,
) -> Result<(), VerifyError> {
    if let Some(signed) = report.signed {
        let events = trees.events();
        let tiles_agree = trees.signed_root == Some(signed.root) || signed.size == 0;
        let log_agrees = trees.root_at(signed.size) == Some(signed.root);
        if log_agrees && !tiles_agree {
            changes_of_tiles(parts, signed.size, report).await?;
        } else {
            of_tiles.into_iter().for_each(|finding| report.found(finding));
            report.faults += alignment.not_kept;
            let changes = alignment.changes_of_the_log();
            changes.into_iter().for_each(|change| report.found(change));
            if !tiles_agree {
                report.found(Finding::RootDiffers { size: signed.size });
            }
        }
        if events < signed.size {
            report.found(Finding::Truncated { events, signed: signed.size });
        }
    }
    judge_saved(report, trees);
    Ok(())
}

/// Holds the auditor's own checkpoint against the log, and against the newest one.
fn judge_saved(report: &mut Report, trees: &Trees) {
    let Some(saved) = report.saved else { return };
    let (epoch, log_epoch) = (saved.origin.0.epoch, report.log.epoch);
    match trees.root_at(saved.size) {
        None => {
            let (size, events) = (saved.size, trees.events());
            report.found(Finding::SavedBeyond { size, events, epoch, log_epoch });
        }
        Some(root) if root != saved.root => {
            report.found(Finding::Rewritten { size: saved.size, epoch, log_epoch });
        }
        Some(_) => {}
    }
    if let Some(signed) = report.signed
        && saved.origin == signed.origin
        && signed.size < saved.size
    {
        report.found(Finding::SignerWentBack { size: saved.size, signed: signed.size });
    }
}

/// Holds every tile against the log, which is what was signed.
async fn changes_of_tiles(
    parts: &VerifyParts<'_>,
    size: u64,
    report: &mut Report,
) -> Result<(), VerifyError> {
    let mut trees = Trees::of_true_log(size);
    let mut reading = log_reader::read_ahead(parts.history.log().clone());
    while trees.events() < size {
        let Some(Read::Events(events)) = reading.recv().await.transpose()? else { break };
        for event in events {
            if trees.events() == size {
                break;
            }
            let hash = leaf_hash(&event.public);
            let leaf = Leaf { position: event.position.get(), hash, public: event.public, happened: None };
            trees.pass(&Passed::Same(&leaf, (trees.events(), Some(hash))));
        }
        trees.look(parts.tiles, &mut |finding| report.found(finding)).await.map_err(VerifyError::Tiles)?;
    }
    Ok(())
}
