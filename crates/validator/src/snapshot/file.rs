//! The last two snapshots in a directory: the newest, and the one before, should the newest turn out to be damaged.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write},
    os::unix::fs::OpenOptionsExt as _,
    path::Path,
};

use keyledger_domain::envelope::MacKeys;
use keyledger_event_log::Checkpoint;

use super::SnapshotError;
use crate::{KeyIndex, index::Config};

const NEWEST: &str = "key-index.snapshot";
const PREVIOUS: &str = "key-index.previous.snapshot";
const UNFINISHED: &str = "key-index.unfinished";

/// Writes a snapshot into `directory`, which exists, and keeps the one before. Killed at any moment it leaves whole
/// snapshots behind, the old or the new. Several processes may share a directory: they write one after the other.
///
/// # Errors
/// What the file system says; the snapshots that were there still are.
pub fn store(directory: &Path, snapshot: &[u8]) -> io::Result<()> {
    let shared = File::open(directory)?;
    shared.lock()?;
    let unfinished = directory.join(UNFINISHED);
    // What recognises secrets is nobody else's business.
    let mut file =
        OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&unfinished)?;
    file.write_all(snapshot)?;
    file.sync_all()?;
    match fs::rename(directory.join(NEWEST), directory.join(PREVIOUS)) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    fs::rename(unfinished, directory.join(NEWEST))?;
    // A rename is on the disk when its directory is.
    shared.sync_all()
}

/// The index of the newest good snapshot in `directory`; none where there is none. A bad one is told, loudly.
#[must_use]
pub fn load(directory: &Path, config: &Config, keys: &MacKeys) -> Option<KeyIndex> {
    [NEWEST, PREVIOUS].into_iter().find_map(|name| {
        let path = directory.join(name);
        match read(&path, config, keys) {
            Ok(index) => index,
            Err(error) => {
                tracing::error!(path = %path.display(), "a snapshot of the key index is ignored: {error}");
                metrics::counter!("keyledger_validator_snapshots_ignored_total").increment(1);
                None
            }
        }
    })
}

/// Up to where the indices had come of which good snapshots lie in `directory`. Those that are none are left to
/// [`load`], which tells of them.
#[must_use]
pub fn checkpoints(directory: &Path, config: &Config, keys: &MacKeys) -> Vec<Checkpoint> {
    let snapshots = [NEWEST, PREVIOUS].into_iter().filter_map(|name| fs::read(directory.join(name)).ok());
    snapshots.filter_map(|bytes| super::checkpoint(config, &bytes, keys).ok().flatten()).collect()
}

/// None where there is no such file.
fn read(path: &Path, config: &Config, keys: &MacKeys) -> Result<Option<KeyIndex>, SnapshotError> {
    match fs::read(path) {
        Ok(bytes) => KeyIndex::restore(config.clone(), &bytes, keys).map(Some),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error.into()),
    }
}
