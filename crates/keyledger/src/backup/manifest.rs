use std::{
    ffi::OsStr,
    fs::{self, File, OpenOptions},
    io::{self, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    path::Path,
};

use anyhow::{Context as _, ensure};
use keyledger_domain::Timestamp;
use keyledger_event_log::LogIdentity;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// The form of everything in a backup; one more whenever it changes.
const FORMAT: u32 = 1;

const FILE: &str = "backup.json";
const UNFINISHED: &str = "backup.json.unfinished";

/// What a backup holds, at least: the log beside it may be ahead, where a later run was cut off.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Manifest {
    pub(super) format: u32,
    /// Which log.
    pub(crate) log: Uuid,
    /// Which life of it.
    pub(crate) epoch: u32,
    /// The position of its last event, and so how many it holds; 0 where it was never completed.
    pub(crate) position: u64,
    /// The position that this event has in the log, where that numbers its events in another way.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) position_in_log: Option<u64>,
    /// The digest of its events up to there.
    pub(crate) digest: String,
    /// When it was begun: what was acknowledged before is in it.
    pub(crate) at: String,
    /// The release that made it.
    pub(super) version: String,
    /// Whether the people of the portal are in it.
    pub(crate) people: bool,
}

impl Manifest {
    /// Of a backup that holds nothing yet.
    pub(super) fn nothing_of(log: LogIdentity, at: Timestamp) -> Self {
        let version = env!("CARGO_PKG_VERSION").to_owned();
        let LogIdentity { log, epoch } = log;
        Self {
            format: FORMAT,
            log,
            epoch,
            position: 0,
            position_in_log: None,
            digest: String::new(),
            at: at.to_string(),
            version,
            people: false,
        }
    }

    /// The position that its last event has in the log, and in everything that was told of the log.
    pub(crate) fn told_position(&self) -> u64 {
        self.position_in_log.unwrap_or(self.position)
    }

    /// The log that it is of.
    pub(crate) fn identity(&self) -> LogIdentity {
        LogIdentity { log: self.log, epoch: self.epoch }
    }

    /// That of the backup in a directory; none where there is none.
    ///
    /// # Errors
    /// Where it cannot be read, or is of a later release.
    pub(crate) fn load(directory: &Path) -> anyhow::Result<Option<Self>> {
        let path = directory.join(FILE);
        let text = match fs::read(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            text => text.with_context(|| format!("cannot read {}", path.display()))?,
        };
        let found: Self = serde_json::from_slice(&text)
            .with_context(|| format!("{} tells of no backup", path.display()))?;
        ensure!(
            found.format == FORMAT,
            "{} is of format {}, and this release knows {FORMAT}: use the release that made it, {}",
            path.display(),
            found.format,
            found.version
        );
        Ok(Some(found))
    }

    /// Writes it, whole or not at all, and durably.
    pub(super) fn save(&self, directory: &Path) -> anyhow::Result<()> {
        let unfinished = directory.join(UNFINISHED);
        let written = || -> io::Result<()> {
            let mut file =
                OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&unfinished)?;
            serde_json::to_writer_pretty(&mut file, self)?;
            file.write_all(b"\n")?;
            file.sync_all()?;
            fs::rename(&unfinished, directory.join(FILE))?;
            File::open(directory)?.sync_all()
        };
        written().with_context(|| format!("cannot write into {}", directory.display()))
    }

    /// Whether a file is what a killed writer of one left behind.
    pub(super) fn is_unfinished(name: &OsStr) -> bool {
        name == UNFINISHED
    }
}
