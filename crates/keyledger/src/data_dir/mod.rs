//! The directory that holds everything an installation owns: what lies where, and who may work on it.

mod lock;
mod report;

use std::{
    fs::{self, DirBuilder},
    io,
    os::unix::fs::DirBuilderExt,
    path::{Path, PathBuf},
};

pub(crate) use lock::{Holder, Role, RoleLock};

/// The data directory. `keyring.path` and `client.key_file` lie in it unless the settings say otherwise.
#[derive(Clone, Debug)]
pub(crate) struct DataDir(PathBuf);

impl DataDir {
    /// The directory at this path, which need not be there yet.
    pub(crate) fn new(path: impl Into<PathBuf>) -> Self {
        Self(path.into())
    }

    /// Makes the directory and those it consists of, for nobody but the owner (0700). One that is there is left as it is.
    ///
    /// # Errors
    /// Whatever the file system says.
    pub(crate) fn create(&self) -> io::Result<()> {
        for directory in [self.0.clone(), self.snapshots(), self.run()] {
            DirBuilder::new().recursive(true).mode(0o700).create(directory)?;
        }
        Ok(())
    }

    /// The directory itself.
    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    /// The event log.
    pub(crate) fn log(&self) -> PathBuf {
        self.0.join("log.db")
    }

    /// The read models.
    pub(crate) fn read_models(&self) -> PathBuf {
        self.0.join("read-models.db")
    }

    /// The people of the portal.
    pub(crate) fn people(&self) -> PathBuf {
        self.0.join("portal.db")
    }

    /// When secrets were last used.
    pub(crate) fn last_used(&self) -> PathBuf {
        self.0.join("last-used.db")
    }

    /// The directory of the key index's snapshots.
    pub(crate) fn snapshots(&self) -> PathBuf {
        self.0.join("snapshots")
    }

    /// The index by which an auditor's questions about the past are answered fast.
    pub(crate) fn audit_index(&self) -> PathBuf {
        self.0.join("audit-index")
    }

    /// What only matters while something runs: locks, and what the holders tell of themselves.
    fn run(&self) -> PathBuf {
        self.0.join("run")
    }

    /// Whether processes work on it, or did.
    pub(crate) fn is_used(&self) -> bool {
        self.run().is_dir()
    }

    /// Whether there is anything in it that could be lost: it may hold empty directories and still be empty.
    ///
    /// # Errors
    /// Whatever the file system says; a directory that is not there is empty.
    pub(crate) fn is_empty(&self) -> io::Result<bool> {
        // A file system of its own comes with a `lost+found`.
        let ours = [self.snapshots(), self.run(), self.audit_index(), self.0.join("lost+found")];
        match fs::read_dir(&self.0) {
            Ok(mut entries) => {
                entries.try_fold(true, |empty, entry| Ok(empty && ours.contains(&entry?.path())))
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(true),
            Err(error) => Err(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_new_directory_is_the_owners_alone_and_empty() {
        let parent = tempfile::tempdir().expect("a directory");
        let data = DataDir::new(parent.path().join("a/b"));
        assert!(data.is_empty().expect("an answer"), "what is not there is empty");
        data.create().expect("a directory");
        data.create().expect("it is there already");
        for directory in [data.path().to_owned(), data.snapshots()] {
            let mode = fs::metadata(directory).expect("there").permissions().mode();
            assert_eq!(mode & 0o777, 0o700);
        }
        assert!(data.is_empty().expect("an answer"), "empty directories are nothing to lose");
        fs::write(data.log(), "x").expect("a file");
        assert!(!data.is_empty().expect("an answer"));
    }
}
