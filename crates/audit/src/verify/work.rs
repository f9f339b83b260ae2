use keyledger_domain::{Timestamp, envelope::MacKeys};
use keyledger_event_log::{Position, PositionOrder, ReadError, RecordedEvent};

use super::{
    Finding, KeySource, Report,
    alignment::{Alignment, Leaf, Passed, WINDOW},
    conclude::conclude,
    log_reader::{self, Read},
    places::Places,
    signed_leaves::SignedLeaves,
    trees::Trees,
};
use crate::{
    History,
    tree::{Checkpoint, Origin, Tiles, VerifierKey, leaf_hash},
};

/// For how long an event of a registry that runs may wait for its checkpoint before that is a finding, in milliseconds: far
/// longer than a signer takes, since clocks differ.
const LONGEST_WAIT: i64 = 60_000;

/// What is verified, and by what.
pub struct VerifyParts<'a> {
    /// The log.
    pub history: &'a History,
    /// The tree.
    pub tiles: &'a dyn Tiles,
    /// The key that signs, as the auditor knows it; without it, as the tree's files say.
    pub key: Option<VerifierKey>,
    /// The auditor's own checkpoint.
    pub saved: Option<Vec<u8>>,
    /// The time, where the log belongs to a registry that runs: then what was not signed for long is a finding.
    pub now: Option<Timestamp>,
}

/// Why nothing could be verified.
#[derive(Debug, thiserror::Error)]
pub enum VerifyError {
    /// The log does not answer.
    #[error(transparent)]
    Log(#[from] ReadError),
    /// The tree cannot be read.
    #[error("the tree cannot be read: {0}")]
    Tiles(String),
}

/// Verifies a log.
///
/// # Errors
/// [`VerifyError`]. That something does not agree is no error: the report tells it.
pub async fn verify(
    parts: VerifyParts<'_>,
    mut on_progress: impl FnMut(Position, Position),
) -> Result<Report, VerifyError> {
    let log = parts.history.identity();
    let keys = parts.history.keys();
    let mut report = Report::of(log, keys.is_some());
    // In this order: what was in the log before the checkpoint was read has had its time to be signed.
    let head = parts.history.log().head().await?;
    believe_checkpoints(&parts, &mut report).await.map_err(VerifyError::Tiles)?;
    let size = report.signed.map_or(0, |signed| signed.size);
    let mut trees = Trees::new(size, [size, report.saved.map_or(0, |saved| saved.size)]);
    let mut signed = SignedLeaves::of(size);
    let mut alignment = Alignment::default();
    let dense = parts.history.log().order() == PositionOrder::Dense;
    let mut judge = Judge { places: Places::new(log), dense, after: Position::START };
    let (mut waiting, mut of_tiles) = (None, Vec::new());
    let mut reading = log_reader::read_ahead(parts.history.log().clone());
    let mut ended = false;
    loop {
        while !ended && alignment.log.len() < WINDOW {
            let enough = judge.after >= head && trees.events() + alignment.log.len() as u64 >= size;
            let read = if enough { None } else { reading.recv().await };
            match read.transpose()? {
                None => ended = true,
                Some(Read::Broken(after, why)) => {
                    report.found(Finding::Unreadable { after: after.get(), why });
                    // What cannot be read is not missing besides.
                    judge.pass_over(after.next());
                }
                Some(Read::Events(events)) => {
                    let leaves =
                        events.into_iter().map(|event| judge.leaf(event, keys.as_deref(), &mut report));
                    alignment.log.extend(leaves);
                }
            }
        }
        while !signed.are_read() && alignment.signed.len() < WINDOW {
            let found = &mut |finding| of_tiles.push(finding);
            let hashes = signed.next(parts.tiles, found).await.map_err(VerifyError::Tiles)?;
            let unknown = hashes.iter().all(Option::is_none);
            alignment.signed.extend(hashes);
            if ended && unknown && alignment.log.is_empty() {
                signed.give_up();
            }
        }
        alignment.go_on([ended, signed.are_read()], &mut |passed| {
            if let Passed::Unsigned(leaf) = &passed {
                report.unsigned += 1;
                if waiting.is_none() && leaf.position <= head.get() {
                    waiting = Some((leaf.position, leaf.happened));
                }
            }
            trees.pass(&passed);
        });
        trees.look(parts.tiles, &mut |finding| of_tiles.push(finding)).await.map_err(VerifyError::Tiles)?;
        on_progress(judge.after, head.max(judge.after));
        if ended && alignment.log.is_empty() && alignment.signed.is_empty() && signed.are_read() {
            break;
        }
    }
    report.events = trees.events();
    report.up_to = judge.after;
    conclude(&parts, &mut report, &trees, alignment, of_tiles).await?;
    if let (Some((position, Some(happened))), Some(now), Some(_)) = (waiting, parts.now, report.signed) {
        let waited = now.millis().saturating_sub(happened.millis());
        if waited > LONGEST_WAIT {
            let seconds = u64::try_from(waited / 1_000).unwrap_or_default();
            report.found(Finding::Unsigned { position, seconds });
        }
    }
    Ok(report)
}

/// Reads the checkpoints, the newest one and the auditor's own, and the key they are to be believed by.
async fn believe_checkpoints(parts: &VerifyParts<'_>, report: &mut Report) -> Result<(), String> {
    let log = report.log;
    let told = match parts.key {
        Some(_) => None,
        None => parts.tiles.verifier_key().await?,
    };
    let key = parts.key.or_else(|| told.as_deref().and_then(|key| key.parse().ok()));
    report.key = match (parts.key, key) {
        (Some(_), _) => KeySource::Given,
        (None, Some(_)) => KeySource::Tree,
        (None, None) => KeySource::Missing,
    };
    let open = |note: &[u8]| match key {
        Some(key) => Checkpoint::open(note, &key).map_err(|error| error.to_string()),
        None => Err("there is no verifier key to check it with: give --verifier-key".to_owned()),
    };
    match parts.tiles.checkpoint().await? {
        None => report.found(Finding::NoCheckpoint),
        Some(note) => match open(&note) {
            Ok(checkpoint) if checkpoint.origin == Origin(log) => {
                report.signed = Some(checkpoint);
                report.note = Some(note);
            }
            Ok(checkpoint) => {
                let why = format!("it is of {}, and this is {}", checkpoint.origin, Origin(log));
                report.found(Finding::CheckpointForged { why });
            }
            Err(why) => report.found(Finding::CheckpointForged { why }),
        },
    }
    match parts.saved.as_deref().map(open) {
        None => {}
        Some(Ok(saved)) if saved.origin.0.log == log.log && saved.origin.0.epoch <= log.epoch => {
            report.saved = Some(saved);
        }
        Some(Ok(saved)) => {
            let why = format!("it is of {}, and this is {}", saved.origin, Origin(log));
            report.found(Finding::SavedForged { why });
        }
        Some(Err(why)) => report.found(Finding::SavedForged { why }),
    }
    Ok(())
}

/// Judges events as they come.
struct Judge {
    places: Places,
    /// Whether no position may be missing.
    dense: bool,
    /// How far the log was read.
    after: Position,
}

impl Judge {
    fn leaf(&mut self, event: RecordedEvent, keys: Option<&MacKeys>, report: &mut Report) -> Leaf {
        let position = event.position;
        let due = self.after.next();
        if self.dense && position > due {
            report.found(Finding::Missing { first: due.get(), last: position.get() - 1 });
        }
        self.pass_over(position);
        let happened = self.places.check(&event, keys, &mut |finding| report.found(finding));
        let hash = leaf_hash(&event.public);
        Leaf { position: position.get(), hash, public: event.public, happened }
    }

    fn pass_over(&mut self, position: Position) {
        self.after = self.after.max(position);
    }
}
