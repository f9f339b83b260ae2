use std::{fs::OpenOptions, io, os::unix::fs::OpenOptionsExt, path::Path, time::Duration};

use rusqlite::{Connection, OpenFlags, config::DbConfig};

use super::{File, schema};
use crate::people::{Keys, OpenError, People, store::Store};

/// How long one process waits for another one that writes.
const PATIENCE: Duration = Duration::from_secs(5);

/// That a file cannot be used.
pub(super) fn unusable(path: &Path, why: impl ToString) -> OpenError {
    OpenError::Unusable { place: path.display().to_string(), why: why.to_string() }
}

impl People {
    /// Opens the file, whose rows these keys seal, brings it to this build's version, and makes it where there is none (0600).
    ///
    /// # Errors
    /// [`OpenError`].
    pub fn open(path: &Path, keys: Keys) -> Result<Self, OpenError> {
        let unusable = |error: rusqlite::Error| self::unusable(path, error);
        match OpenOptions::new().write(true).create_new(true).mode(0o600).open(path) {
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(self::unusable(path, error)),
        }
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let mut db = Connection::open_with_flags(path, flags).map_err(unusable)?;
        db.busy_timeout(PATIENCE).map_err(unusable)?;
        schema::check(&db, path)?;
        configure(&db).map_err(unusable)?;
        schema::migrate(&mut db).map_err(|error| self::unusable(path, error))?;
        Ok(Self { store: Store::File(File::of(db)), keys })
    }
}

fn configure(db: &Connection) -> rusqlite::Result<()> {
    // There are neither triggers nor views: whoever plants one in the file must not see it run.
    db.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_TRIGGER, false)?;
    db.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_VIEW, false)?;
    db.pragma_update_and_check(None, "journal_mode", "WAL", |_| Ok(()))?;
    // A right that was withdrawn must not come back with the power.
    db.pragma_update(None, "synchronous", "FULL")?;
    db.pragma_update(None, "foreign_keys", true)
}

#[cfg(test)]
mod tests {
    use std::{fs, os::unix::fs::PermissionsExt};

    use super::*;
    use crate::testing::keys;

    fn refusal(path: &Path) -> String {
        People::open(path, keys()).err().expect("a refusal").to_string()
    }

    #[test]
    fn the_file_is_made_for_its_owner_alone_and_opened_again() {
        let home = tempfile::tempdir().expect("a directory");
        let path = home.path().join("portal.db");
        drop(People::open(&path, keys()).expect("it is made"));
        assert_eq!(fs::metadata(&path).expect("a file").permissions().mode() & 0o777, 0o600);
        People::open(&path, keys()).expect("it is opened again");
    }

    #[test]
    fn another_file_and_a_later_builds_are_refused_and_not_touched() {
        let home = tempfile::tempdir().expect("a directory");
        let text = home.path().join("text");
        fs::write(&text, "a text that is long enough not to be an empty database, and is none ".repeat(9))
            .expect("a file");
        assert!(refusal(&text).contains("does not hold the people"), "{}", refusal(&text));
        let path = home.path().join("portal.db");
        drop(People::open(&path, keys()).expect("it is made"));
        let db = Connection::open(&path).expect("a database");
        db.pragma_update(None, "user_version", 99).expect("a version");
        drop(db);
        assert!(refusal(&path).contains("schema version 99, and this build knows 2"), "{}", refusal(&path));
    }
}
