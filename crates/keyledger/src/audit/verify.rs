//! `keyledger audit verify`: the log against the tree, the tree against its checkpoint, both against one that an auditor kept.

use std::{
    fs::{self, OpenOptions},
    io::{self, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    path::Path,
};

use anyhow::{Context as _, ensure};
use keyledger_audit::{
    tree::Checkpoint,
    verify::{self, Finding, KeySource, Report, VerifyParts},
};
use serde::Serialize;
use serde_json::{Value, json};

use super::tree::Evidence;
use crate::{
    cli::{Context, audit::VerifyArgs},
    output::{clean, count, progress_bar},
};

/// Verifies, and tells what does not agree.
///
/// # Errors
/// One sentence: what kept it from being verified, or that something does not agree.
pub(crate) async fn run(context: &Context, args: &VerifyArgs) -> anyhow::Result<()> {
    let output = context.output;
    let saved = args.checkpoint.as_deref().map(read_saved).transpose()?;
    let Evidence { history, tiles, runs } = Evidence::open(context).await?;
    let (bar, on_progress) = progress_bar("verifying", output.json);
    let parts = VerifyParts {
        history: &history,
        tiles: &*tiles,
        key: args.verifier_key,
        saved,
        // What a stopped registry did not sign any more was in nobody's hand.
        now: runs.then(|| context.clock.now()),
    };
    let report = verify::verify(parts, on_progress).await;
    bar.finish_and_clear();
    let report = report?;
    if output.json {
        output.value(&Told::of(&report))?;
    } else {
        tell(context, args, &report)?;
    }
    ensure!(
        report.faults == 0,
        "the log does not stand up to verification, in {}: see docs/transparency.md on what to do",
        count(usize::try_from(report.faults).unwrap_or(usize::MAX), "place")
    );
    if let (Some(to), Some(note)) = (&args.save, &report.note) {
        save(to, note)?;
    }
    Ok(())
}

fn read_saved(path: &Path) -> anyhow::Result<Vec<u8>> {
    fs::read(path).with_context(|| format!("cannot read your checkpoint {}", path.display()))
}

/// For people.
fn tell(context: &Context, args: &VerifyArgs, report: &Report) -> anyhow::Result<()> {
    let output = context.output;
    for finding in &report.findings {
        output.line(&clean(&finding.to_string()))?;
    }
    let kept = report.findings.len() as u64;
    if report.faults > kept {
        output.line(&format!("… and {} more", report.faults - kept))?;
    }
    let events = count(usize::try_from(report.events).unwrap_or(usize::MAX), "event");
    let codes =
        if report.codes { "with their codes" } else { "without their codes, for which it takes the keyring" };
    let checkpoint = match &report.signed {
        Some(Checkpoint { size, root, .. }) => format!(
            "The newest checkpoint covers {size}, root {root}; {} wait for the next.",
            report.unsigned
        ),
        None => "There is no checkpoint that could be believed.".to_owned(),
    };
    let (log, epoch, up_to) = (report.log.log, report.log.epoch, report.up_to);
    output.line(&format!(
        "Read {events} of log {log}, epoch {epoch}, up to position {up_to}, {codes}. {checkpoint}"
    ))?;
    if report.key == KeySource::Tree {
        output.remark(
            "The key was taken from the registry itself: give the one that you got by another way with --verifier-key.",
        );
    }
    if args.checkpoint.is_none() && args.save.is_none() {
        output.remark(
            "You gave no checkpoint of your own, so a past that was rewritten together with its tree would look the same: keep one \
             with --save, and give it with --checkpoint next time.",
        );
    }
    Ok(())
}

/// For machines.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Told {
    log: uuid::Uuid,
    epoch: u32,
    events: u64,
    up_to: u64,
    codes_checked: bool,
    /// Where the verifier key came from: `given`, `tree` or `missing`.
    key: &'static str,
    checkpoint: Option<Value>,
    saved: Option<Value>,
    unsigned: u64,
    faults: u64,
    findings: Vec<Shown>,
}

#[derive(Serialize)]
struct Shown {
    #[serde(flatten)]
    finding: Finding,
    says: String,
}

impl Told {
    fn of(report: &Report) -> Self {
        let shown = |checkpoint: &Checkpoint| {
            let (origin, root) = (checkpoint.origin.to_string(), checkpoint.root.to_string());
            json!({ "origin": origin, "size": checkpoint.size, "root": root })
        };
        Self {
            log: report.log.log,
            epoch: report.log.epoch,
            events: report.events,
            up_to: report.up_to.get(),
            codes_checked: report.codes,
            key: match report.key {
                KeySource::Given => "given",
                KeySource::Tree => "tree",
                KeySource::Missing => "missing",
            },
            checkpoint: report.signed.as_ref().map(shown),
            saved: report.saved.as_ref().map(shown),
            unsigned: report.unsigned,
            faults: report.faults,
            findings: report
                .findings
                .iter()
                .map(|finding| Shown { finding: finding.clone(), says: finding.to_string() })
                .collect(),
        }
    }
}

/// Puts a checkpoint where an auditor keeps it, whole or as it was before.
fn save(to: &Path, note: &[u8]) -> anyhow::Result<()> {
    let mut name = to.file_name().unwrap_or_default().to_owned();
    name.push(".unfinished");
    let unfinished = to.with_file_name(name);
    let write = || -> io::Result<()> {
        let mut options = OpenOptions::new();
        let mut file = options.write(true).create(true).truncate(true).mode(0o644).open(&unfinished)?;
        file.write_all(note)?;
        file.sync_all()?;
        fs::rename(&unfinished, to)
    };
    write().with_context(|| format!("cannot save the checkpoint as {}", to.display()))
}
