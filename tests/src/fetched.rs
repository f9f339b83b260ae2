use std::fs::{self, File};
use std::path::{Path, PathBuf};

use crate::target::target;

/// A folder with what tests run and nobody installs; fetched by the first test that asks, and kept with what Cargo builds.
/// `what` says all that is fetched: another one is fetched anew. `fetch` gets an empty folder to fill, which is moved to
/// its place as a whole, so that what is there is complete. Others that want it too, in this process or another, wait at
/// the lock.
pub(crate) fn fetched(kind: &str, what: &str, fetch: impl FnOnce(&Path)) -> PathBuf {
    let folder = target().join(kind);
    let whole = folder.join(&blake3::hash(what.as_bytes()).to_hex()[..8]);
    if whole.is_dir() {
        return whole;
    }
    fs::create_dir_all(&folder).expect("a folder for what is fetched");
    let lock = File::create(folder.join("lock")).expect("a file to lock");
    lock.lock().expect("a lock on it");
    if !whole.is_dir() {
        let half = folder.join("half-fetched");
        let _ = fs::remove_dir_all(&half);
        fs::create_dir(&half).expect("a folder for what is on its way");
        fetch(&half);
        fs::rename(&half, &whole).expect("it can be moved");
    }
    whole
}
