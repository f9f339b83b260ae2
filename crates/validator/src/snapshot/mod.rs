//! A key index on disk, so that a restart does not read the whole log again.
//!
//! ```text
//! magic │ format │ header: log, epoch, position, code of the last event │ content │ code over all of it
//! ```
//!
//! The code is made with the keyring, so whoever can write to the disk still cannot plant a key. A snapshot that is bad
//! in any way is ignored, loudly: the index is then built from the log, which takes longer and is always right.

mod file;

use keyledger_domain::envelope::{MacKeys, Purpose, WrongMac};
use keyledger_event_log::{Checkpoint, Position};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

pub use file::{checkpoints, load, store};

use crate::{
    KeyIndex,
    index::{Config, Saved},
};

/// What every snapshot begins with.
const MAGIC: &[u8; 8] = b"klindex\0";

/// The form of everything after the magic; one more whenever it changes.
const FORMAT: u16 = 1;

/// Where the header begins.
const BODY: usize = MAGIC.len() + size_of::<u16>();

/// What the content belongs to.
#[derive(Serialize, Deserialize)]
struct Header {
    log: Uuid,
    epoch: u32,
    position: u64,
    mac: Vec<u8>,
}

/// Why a snapshot is not used.
#[derive(Debug, thiserror::Error)]
pub enum SnapshotError {
    /// It cannot be read.
    #[error("it cannot be read: {0}")]
    Unreadable(#[from] std::io::Error),
    /// It begins with something else, or ends too early.
    #[error("it is not a snapshot of a key index, or a part of it is missing")]
    NotASnapshot,
    /// Another release wrote it.
    #[error("its format is {0}, and this release reads {FORMAT}")]
    OtherFormat(u16),
    /// It was forged or damaged, or made with another keyring.
    #[error(transparent)]
    Mac(#[from] WrongMac),
    /// It was taken of another log, or of this one before it was restored from a backup.
    #[error("it belongs to life {epoch} of the log {log}, which is not this one")]
    OtherLog {
        /// The log.
        log: Uuid,
        /// Its life.
        epoch: u32,
    },
    /// It is authentic and makes no sense to this release.
    #[error("its content makes no sense to this release")]
    Malformed,
}

impl KeyIndex {
    /// The index as it is now, in bytes that only the keyring can make. Takes a while with many keys; requests are
    /// judged and events applied meanwhile.
    #[must_use]
    pub fn snapshot(&self, keys: &MacKeys) -> Vec<u8> {
        let (checkpoint, saved) = self.save();
        let header = Header {
            log: self.log().log,
            epoch: self.log().epoch,
            position: checkpoint.position.get(),
            mac: checkpoint.mac,
        };
        let mut bytes = MAGIC.to_vec();
        bytes.extend_from_slice(&FORMAT.to_be_bytes());
        let mut bytes = postcard::to_extend(&(header, saved), bytes)
            .expect("the content is made of numbers, texts and lists");
        let mac = keys.sign(Purpose::Snapshot, &[&bytes]);
        bytes.extend_from_slice(&mac);
        bytes
    }

    /// The index that a snapshot holds. Confirm its checkpoint against the log before applying what follows.
    ///
    /// # Errors
    /// [`SnapshotError`]: begin with an empty index.
    pub fn restore(config: Config, bytes: &[u8], keys: &MacKeys) -> Result<Self, SnapshotError> {
        let (header, saved) = open(bytes, keys)?;
        if (header.log, header.epoch) != (config.log.log, config.log.epoch) {
            return Err(SnapshotError::OtherLog { log: header.log, epoch: header.epoch });
        }
        let checkpoint = Checkpoint { position: Position::new(header.position), mac: header.mac };
        Self::from_saved(config, checkpoint, saved).ok_or(SnapshotError::Malformed)
    }
}

/// Up to where the index had come of which this is a good snapshot; none where it is of another log or another life of
/// this one.
fn checkpoint(config: &Config, bytes: &[u8], keys: &MacKeys) -> Result<Option<Checkpoint>, SnapshotError> {
    let (header, _): (Header, _) =
        postcard::take_from_bytes(content(bytes, keys)?).map_err(|_| SnapshotError::Malformed)?;
    let ours = (header.log, header.epoch) == (config.log.log, config.log.epoch);
    Ok(ours.then(|| Checkpoint { position: Position::new(header.position), mac: header.mac }))
}

fn open(bytes: &[u8], keys: &MacKeys) -> Result<(Header, Saved), SnapshotError> {
    let (read, rest) =
        postcard::take_from_bytes(content(bytes, keys)?).map_err(|_| SnapshotError::Malformed)?;
    if rest.is_empty() { Ok(read) } else { Err(SnapshotError::Malformed) }
}

/// Header and content, once they have proved authentic.
fn content<'a>(bytes: &'a [u8], keys: &MacKeys) -> Result<&'a [u8], SnapshotError> {
    let rest = bytes.strip_prefix(MAGIC).ok_or(SnapshotError::NotASnapshot)?;
    let (format, _) = rest.split_first_chunk().ok_or(SnapshotError::NotASnapshot)?;
    let format = u16::from_be_bytes(*format);
    if format != FORMAT {
        return Err(SnapshotError::OtherFormat(format));
    }
    let end = bytes.len().checked_sub(MacKeys::MAC_LENGTH).filter(|end| *end >= BODY);
    let (signed, mac) = bytes.split_at(end.ok_or(SnapshotError::NotASnapshot)?);
    keys.verify(Purpose::Snapshot, &[signed], mac)?;
    Ok(&signed[BODY..])
}
