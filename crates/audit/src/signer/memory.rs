use std::{fs, io, path::PathBuf};

use super::stop_reason::{StopReason, Trouble};
use crate::tree::{Checkpoint, directory};

/// What the signer signed last, in a file beside its key: whoever rolls the tree's files back does not roll this back.
pub(super) struct Memory(pub(super) PathBuf);

impl Memory {
    /// What was signed last; none where nothing was.
    pub(super) fn recall(&self) -> Result<Option<Checkpoint>, Trouble> {
        let text = match fs::read(&self.0) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            read => read?,
        };
        let damaged = |source| StopReason::Memory { path: self.0.clone(), source };
        Ok(Some(Checkpoint::parse(&text).map_err(damaged)?))
    }

    /// Remembers what is about to be signed; from then on it may have been.
    pub(super) fn keep(&self, checkpoint: &Checkpoint) -> io::Result<()> {
        directory::replace(&self.0, checkpoint.to_string().as_bytes())
    }
}
