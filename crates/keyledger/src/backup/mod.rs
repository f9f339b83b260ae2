//! `keyledger backup`: a copy of the log that is never finished, so that nobody serves from it, and what else cannot be made
//! again from the log.

mod manifest;

use std::{
    fs::{self, DirBuilder, File},
    io,
    os::unix::fs::DirBuilderExt as _,
    path::Path,
};

use anyhow::{Context as _, ensure};
use keyledger_domain::Clock as _;
use keyledger_portal::people;

pub(crate) use manifest::Manifest;

use crate::{
    cli::{Context, roles::BackupArgs},
    environment::SystemClock,
    installation::{LogPlace, ReadOnly},
    log_copy::{Copied, Copying},
    output::{count, progress_bar},
};

/// The log in a backup.
pub(crate) const LOG: &str = "log.db";

/// The people of the portal in a backup.
pub(crate) const PEOPLE: &str = "portal.db";

/// Makes a backup, or brings one up to date, also while the registry serves.
///
/// # Errors
/// One sentence that says what to do; the same command goes on where it was.
pub(crate) async fn run(context: &Context, args: &BackupArgs) -> anyhow::Result<()> {
    let to = &args.to;
    let ReadOnly { directory, log, keyring } = ReadOnly::open(context.settings()).await?;
    let identity = log.identity();
    let at = SystemClock.now();
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(to)
        .with_context(|| format!("cannot use {}", to.display()))?;
    let _lock = lock(to)?;
    let earlier = Manifest::load(to)?;
    match &earlier {
        Some(found) => ensure!(
            (found.log, found.epoch) == (identity.log, identity.epoch),
            "{} holds a backup of log {}, epoch {}, and this is log {}, epoch {}: name another directory",
            to.display(),
            found.log,
            found.epoch,
            identity.log,
            identity.epoch
        ),
        None => {
            must_be_empty(to)?;
            // From now on the directory is known as a backup of this log, one that holds nothing yet.
            Manifest::nothing_of(identity, at).save(to)?;
        }
    }
    let place = LogPlace::File(to.join(LOG));
    let mut copying =
        Copying::begin(log, place.open_unfinished(identity).await?, identity, keyring.mac_keys_source())
            .await?;
    let (bar, mut on_progress) = progress_bar("backing up", context.output.json);
    copying.go_on(&mut on_progress).await.inspect_err(|_| bar.abandon())?;
    let Copied { position, number, events, digest } = copying.end().await.inspect_err(|_| bar.abandon())?;
    bar.finish_and_clear();
    // Space that is kept for revocations, which come to no backup.
    remove(&to.join("log.reserve"))?;
    let people = back_up_people(&directory.people(), to)?;
    let made = Manifest {
        position: number,
        position_in_log: (position.get() != number).then_some(position.get()),
        digest,
        people,
        ..Manifest::nothing_of(identity, at)
    };
    made.save(to)?;
    if context.output.json {
        let mut told = serde_json::to_value(&made)?;
        told["copied"] = events.into();
        return Ok(context.output.value(&told)?);
    }
    let events = count(usize::try_from(events).unwrap_or(usize::MAX), "event");
    Ok(context.output.line(&format!(
        "{} holds the first {number} events of log {}, epoch {}, {events} of them new:\n  {}\nThe keyring {} is not in it: \
         keep a copy of that apart, since without it the backup is worth nothing.",
        to.display(),
        identity.log,
        identity.epoch,
        made.digest,
        context.settings().keyring.path.display()
    ))?)
}

/// Refuses a directory that holds anything else than a backup.
fn must_be_empty(to: &Path) -> anyhow::Result<()> {
    let cannot = || format!("cannot use {}", to.display());
    for entry in fs::read_dir(to).with_context(cannot)? {
        let name = entry.with_context(cannot)?.file_name();
        ensure!(
            Manifest::is_unfinished(&name),
            "{} is not empty and holds no backup: name a new directory, or that of an earlier backup",
            to.display()
        );
    }
    Ok(())
}

/// One process at a time works on a backup.
pub(crate) fn lock(directory: &Path) -> anyhow::Result<File> {
    let file = File::open(directory).with_context(|| format!("cannot use {}", directory.display()))?;
    let busy = || format!("another process works on {}: wait for it", directory.display());
    file.try_lock().with_context(busy)?;
    Ok(file)
}

/// Puts the people of the portal beside the log, whole or as they were before; says whether there are any.
fn back_up_people(from: &Path, to: &Path) -> anyhow::Result<bool> {
    if !from.exists() {
        return Ok(false);
    }
    let unfinished = to.join("portal.unfinished");
    remove(&unfinished)?;
    people::back_up(from, &unfinished)?;
    fs::rename(&unfinished, to.join(PEOPLE))
        .with_context(|| format!("cannot write into {}", to.display()))?;
    Ok(true)
}

fn remove(path: &Path) -> anyhow::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(error).with_context(|| format!("cannot remove {}", path.display()))
        }
        _ => Ok(()),
    }
}
