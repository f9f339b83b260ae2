use std::{
    fs::{File, OpenOptions},
    io,
    os::unix::fs::OpenOptionsExt as _,
    path::Path,
};

/// A new file for its owner alone. One that is there may be the only copy of an earlier past.
///
/// # Errors
/// One sentence: it is there, or cannot be made.
pub(super) fn create(path: &Path) -> anyhow::Result<File> {
    OpenOptions::new().write(true).create_new(true).mode(0o600).open(path).map_err(|error| {
        match error.kind() {
            io::ErrorKind::AlreadyExists => anyhow::anyhow!(
                "{} is there already, and nothing is written over: move it away or name another file",
                path.display()
            ),
            _ => anyhow::anyhow!("cannot make {}: {error}", path.display()),
        }
    })
}
