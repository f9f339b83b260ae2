use std::{
    fs::{File, OpenOptions},
    io::{self, Write},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

/// What is kept for urgent appends: some hundred of them, each committed on its own.
const SIZE: u64 = 4 * 1024 * 1024;

/// Space kept for urgent appends on a full disk: a file of zeros beside the log, given up when one of them finds no
/// space, and written again when there is some. Until then the others are refused, or they would take what was given.
pub(crate) struct Reserve {
    path: PathBuf,
    whole: bool,
}

impl Reserve {
    /// The reserve of the log at `log`, as it lies there.
    pub(crate) fn of(log: &Path) -> Self {
        let path = log.with_extension("reserve");
        let whole = path.metadata().is_ok_and(|file| file.len() == SIZE);
        Self { path, whole }
    }

    pub(crate) fn is_whole(&self) -> bool {
        self.whole
    }

    /// Makes the reserve whole, and says whether it is.
    pub(crate) fn restore(&mut self) -> bool {
        if !self.whole {
            match self.write() {
                Ok(()) => self.whole = true,
                Err(error) => {
                    tracing::warn!(%error, path = %self.path.display(), "no space can be kept for revocations");
                    self.give_up();
                }
            }
        }
        self.whole
    }

    /// Frees the space.
    pub(crate) fn give_up(&mut self) {
        self.whole = false;
        if let Err(error) = self.empty() {
            tracing::warn!(%error, path = %self.path.display(), "the space kept for revocations cannot be freed");
        }
    }

    /// Zeros that were written take space on every file system that neither compresses nor copies on write.
    fn write(&self) -> io::Result<()> {
        let mut file = self.empty()?;
        let zeros = [0; 64 * 1024];
        for _ in 0..SIZE / zeros.len() as u64 {
            file.write_all(&zeros)?;
        }
        file.sync_all()
    }

    /// The file without its space; nobody else's business, as everything beside the log.
    fn empty(&self) -> io::Result<File> {
        OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&self.path)
    }
}
