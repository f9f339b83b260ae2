use std::fmt;

use serde::Serialize;

/// Something that does not agree.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "kebab-case", rename_all_fields = "camelCase")]
pub enum Finding {
    /// The store gives nothing that could be an event.
    Unreadable {
        /// The position before it.
        after: u64,
        /// What the store says.
        why: String,
    },
    /// A dense log skips positions.
    Missing {
        /// The first position that is not there.
        first: u64,
        /// The last one.
        last: u64,
    },
    /// An event is forged, altered, moved, or of another log.
    Unbelievable {
        /// Its position.
        position: u64,
        /// What is wrong with it.
        why: String,
    },
    /// An event is of an earlier life of the log than the one before it.
    EpochFell {
        /// Its position.
        position: u64,
        /// Its epoch.
        found: u32,
        /// That of the event before it.
        before: u32,
    },
    /// An event does not follow the one before it in its stream.
    Revision {
        /// Its position.
        position: u64,
        /// Its stream.
        stream: String,
        /// The revision it has.
        found: u64,
        /// The revision that follows.
        expected: u64,
    },
    /// An event says that it happened before the one before it in its stream.
    TimeFell {
        /// Its position.
        position: u64,
        /// Its stream.
        stream: String,
    },
    /// Two events have one id.
    IdTwice {
        /// The position of the second.
        position: u64,
    },
    /// An event is another than the one that was signed in its place.
    Edited {
        /// Its position.
        position: u64,
        /// The leaf that was signed.
        leaf: u64,
    },
    /// An event stands where none was signed.
    Inserted {
        /// Its position.
        position: u64,
    },
    /// An event was signed and is not in the log.
    Deleted {
        /// The leaf that was signed.
        leaf: u64,
    },
    /// An event was signed and stands elsewhere.
    Moved {
        /// Its position.
        position: u64,
        /// The leaf that was signed.
        leaf: u64,
    },
    /// The log ends before what was signed.
    Truncated {
        /// How many events there are.
        events: u64,
        /// How many were signed.
        signed: u64,
    },
    /// An event waits for a checkpoint for longer than any may.
    Unsigned {
        /// The position of the first that does.
        position: u64,
        /// For how long, in seconds.
        seconds: u64,
    },
    /// Nothing was signed, or it was taken away.
    NoCheckpoint,
    /// The checkpoint cannot be believed.
    CheckpointForged {
        /// What is wrong with it.
        why: String,
    },
    /// The checkpoint says another root than what is signed by it has.
    RootDiffers {
        /// How many leaves it covers.
        size: u64,
    },
    /// A tile is not there.
    TileMissing {
        /// Which.
        tile: String,
    },
    /// A tile holds something else than was signed.
    TileDiffers {
        /// Which.
        tile: String,
        /// The first leaf or hash in it that differs, counted from its beginning; none where it is no tile at all.
        at: Option<u64>,
    },
    /// The auditor's own checkpoint cannot be believed.
    SavedForged {
        /// What is wrong with it.
        why: String,
    },
    /// The auditor's own checkpoint covers more than the log holds.
    SavedBeyond {
        /// How many events it covers.
        size: u64,
        /// How many there are.
        events: u64,
        /// The life of the log that it is of.
        epoch: u32,
        /// The life that the log is in.
        log_epoch: u32,
    },
    /// The auditor's own checkpoint covers more than was signed last: the signer went back.
    SignerWentBack {
        /// How many events it covers.
        size: u64,
        /// How many the newest checkpoint covers.
        signed: u64,
    },
    /// The first events of the log are not those that the auditor's own checkpoint covers.
    Rewritten {
        /// How many it covers.
        size: u64,
        /// The life of the log that it is of.
        epoch: u32,
        /// The life that the log is in.
        log_epoch: u32,
    },
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreadable { after, why } => {
                write!(f, "behind position {after} the log cannot be read: {why}")
            }
            Self::Missing { first, last } if first == last => {
                write!(f, "there is no event at position {first}: it was deleted")
            }
            Self::Missing { first, last } => {
                write!(f, "there are no events at positions {first} to {last}: they were deleted")
            }
            Self::Unbelievable { position, why } => {
                write!(f, "the event at position {position} is not to be believed: {why}")
            }
            Self::EpochFell { position, found, before } => write!(
                f,
                "the event at position {position} is of epoch {found} and stands behind one of epoch {before}: it was moved, or is of an older copy"
            ),
            Self::Revision { position, stream, found, expected } => write!(
                f,
                "the event at position {position} is revision {found} of {stream}, where revision {expected} follows: events were deleted, repeated or moved"
            ),
            Self::TimeFell { position, stream } => write!(
                f,
                "the event at position {position} says that it happened before the one before it in {stream}"
            ),
            Self::IdTwice { position } => {
                write!(f, "the event at position {position} has the id of an earlier one: it was repeated")
            }
            Self::Edited { position, leaf } => write!(
                f,
                "the event at position {position} is not the one that was signed there as leaf {leaf}: it was edited"
            ),
            Self::Inserted { position } => write!(
                f,
                "the event at position {position} stands between events that were signed and was not signed itself: it was inserted"
            ),
            Self::Deleted { leaf } => {
                write!(f, "the event that was signed as leaf {leaf} is not in the log: it was deleted")
            }
            Self::Moved { position, leaf } => write!(
                f,
                "the event that was signed as leaf {leaf} stands at position {position}: events were reordered"
            ),
            Self::Truncated { events, signed } => write!(
                f,
                "the log ends after {events} events, and {signed} were signed: its end was cut off"
            ),
            Self::Unsigned { position, seconds } => write!(
                f,
                "the event at position {position} has waited {seconds} s for a checkpoint: the signer does not sign, see /readyz"
            ),
            Self::NoCheckpoint => f.write_str(
                "there is no checkpoint: nobody signs this log, or the checkpoint was taken away; run `keyledger signer`",
            ),
            Self::CheckpointForged { why } => write!(f, "the checkpoint is not to be believed: {why}"),
            Self::RootDiffers { size } => write!(
                f,
                "the checkpoint says another root over the first {size} events than they have: log, tiles and checkpoint do not belong together"
            ),
            Self::TileMissing { tile } => write!(f, "{tile} is not there, and the checkpoint covers it"),
            Self::TileDiffers { tile, at: Some(at) } => {
                write!(f, "{tile} does not hold what was signed, from its number {at} on: it was changed")
            }
            Self::TileDiffers { tile, at: None } => {
                write!(f, "{tile} is no such tile: it was changed or cut off")
            }
            Self::SavedForged { why } => write!(f, "your checkpoint is not to be believed: {why}"),
            Self::SavedBeyond { size, events, epoch, log_epoch } if epoch == log_epoch => write!(
                f,
                "your checkpoint covers {size} events, and the log holds {events}: its end was cut off"
            ),
            Self::SavedBeyond { size, events, epoch, log_epoch } => write!(
                f,
                "your checkpoint of epoch {epoch} covers {size} events, and the log holds {events}: the restore to epoch {log_epoch} left some out, or its end was cut off; ask for the tree of epoch {epoch}, see docs/transparency.md"
            ),
            Self::SignerWentBack { size, signed } => write!(
                f,
                "your checkpoint covers {size} events, and the newest one only {signed}: the signer was put back"
            ),
            Self::Rewritten { size, epoch, log_epoch } if epoch == log_epoch => write!(
                f,
                "the first {size} events are not those that your checkpoint covers: the past was rewritten"
            ),
            Self::Rewritten { size, epoch, log_epoch } => write!(
                f,
                "the first {size} events are not those that your checkpoint of epoch {epoch} covers: the restore to epoch {log_epoch} left some out, or the past was rewritten; ask for the tree of epoch {epoch}, see docs/transparency.md"
            ),
        }
    }
}
