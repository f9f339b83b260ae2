use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    path::PathBuf,
};

use anyhow::Context as _;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::data_dir::DataDir;

/// What a restore is about to make, written down before it makes anything: an attempt that was killed is gone on with under
/// the same epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Intent {
    /// Which log.
    pub(super) log: Uuid,
    /// The life that begins.
    pub(super) epoch: u32,
}

fn path(directory: &DataDir) -> PathBuf {
    directory.path().join("restoring.json")
}

impl Intent {
    /// That of an attempt before; none where there is none.
    pub(super) fn load(directory: &DataDir) -> anyhow::Result<Option<Self>> {
        let path = path(directory);
        match fs::read(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            text => {
                let text = text.with_context(|| format!("cannot read {}", path.display()))?;
                let found = serde_json::from_slice(&text);
                Ok(Some(found.with_context(|| format!("{} cannot be read: remove it", path.display()))?))
            }
        }
    }

    /// Writes it down, whole or not at all.
    pub(super) fn save(self, directory: &DataDir) -> anyhow::Result<()> {
        let (path, unfinished) = (path(directory), directory.path().join("restoring.unfinished"));
        let written = || -> io::Result<()> {
            let mut file =
                OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&unfinished)?;
            file.write_all(&serde_json::to_vec(&self)?)?;
            file.sync_all()?;
            fs::rename(&unfinished, &path)?;
            File::open(directory.path())?.sync_all()
        };
        written().with_context(|| format!("cannot write {}", path.display()))
    }

    /// It was done.
    pub(super) fn done(directory: &DataDir) -> anyhow::Result<()> {
        let path = path(directory);
        fs::remove_file(&path).with_context(|| format!("cannot remove {}", path.display()))
    }
}
