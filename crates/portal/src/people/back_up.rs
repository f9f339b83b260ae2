use std::{
    fs::{File, OpenOptions},
    os::unix::fs::OpenOptionsExt as _,
    path::Path,
};

use rusqlite::{Connection, OpenFlags};

use super::{OpenError, open::PATIENCE, schema};

/// Writes everything that the file of people at `from` holds at this moment into a file of its own (0600), also while
/// others work with it. `to` must not be there.
///
/// # Errors
/// [`OpenError`].
pub fn back_up(from: &Path, to: &Path) -> Result<(), OpenError> {
    let unusable = |error: rusqlite::Error| OpenError::unusable(from, error);
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let db = Connection::open_with_flags(from, flags).map_err(unusable)?;
    db.busy_timeout(PATIENCE).map_err(unusable)?;
    schema::check(&db, from)?;
    // An empty file is taken, with the permissions that it has.
    let written = |error: std::io::Error| OpenError::unusable(to, error);
    OpenOptions::new().write(true).create_new(true).mode(0o600).open(to).map_err(written)?;
    db.execute("VACUUM INTO ?1", [to.to_string_lossy()]).map_err(unusable)?;
    File::open(to).and_then(|file| file.sync_all()).map_err(written)
}
