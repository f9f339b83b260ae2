//! A file system of its own, of some megabytes, to be filled to the last byte.

use std::fs::{self, File};
use std::io::Write;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

/// A small file system in memory; dropping it takes it away, when nobody uses it any more.
pub(crate) struct SmallDisk(TempDir);

impl SmallDisk {
    /// Mounts one, and lets a name lead there; none, said aloud, where this process may not.
    pub(crate) fn mount(name: &Path, megabytes: u32) -> Option<Self> {
        let directory = tempfile::tempdir().expect("a directory");
        let size = format!("size={megabytes}m,mode=700");
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", &size, "tmpfs"]).arg(directory.path());
        if mount.status().is_ok_and(|status| status.success()) {
            symlink(directory.path(), name).expect("a name for it");
            return Some(Self(directory));
        }
        // Written past the harness, which would keep it to itself.
        let told =
            writeln!(std::io::stderr(), "SKIPPED: no full disk was tested: mounting a tmpfs needs root");
        told.expect("standard error");
        None
    }

    /// Takes all the space there is.
    pub(crate) fn fill(&self) {
        let mut file = File::create(self.filling()).expect("a file");
        for size in [1 << 20, 1 << 12, 1] {
            while file.write_all(&vec![1; size]).is_ok() {}
        }
    }

    /// Gives the space back.
    pub(crate) fn free(&self) {
        fs::remove_file(self.filling()).expect("the space is given back");
    }

    fn filling(&self) -> PathBuf {
        self.0.path().join("filling")
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let unmounted = Command::new("umount").arg(self.0.path()).status();
        assert!(unmounted.is_ok_and(|status| status.success()), "the disk is still in use");
    }
}
