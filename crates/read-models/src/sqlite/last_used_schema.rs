use rusqlite::Connection;
use rusqlite_migration::{M, Migrations};

use super::schema::look;
use crate::LastUsedError;

/// One migration for each schema version, in order; a released one is never edited.
const MIGRATIONS: &[M<'_>] =
    &[M::up(include_str!("../../../../migrations/sqlite/last-used/0001_last_used.sql"))];

/// The schema version that this build reads and writes.
const KNOWN: usize = MIGRATIONS.len();

/// "kllu", as the first migration writes it.
const APPLICATION_ID: i64 = 1_802_267_765;

/// Refuses what is not a table of last uses, and one of a later build.
pub(super) fn check(db: &Connection) -> Result<(), LastUsedError> {
    match look(db)? {
        (0, 0, 0) => Ok(()),
        (APPLICATION_ID, found, _) => match usize::try_from(found) {
            Ok(version) if version <= KNOWN => Ok(()),
            _ => Err(LastUsedError::Newer { found, known: KNOWN }),
        },
        _ => Err(LastUsedError::NotOurs),
    }
}

/// Brings the schema to this build's version.
pub(super) fn migrate(db: &mut Connection) -> Result<(), LastUsedError> {
    let done = Migrations::from_slice(MIGRATIONS).to_latest(db);
    done.map_err(|error| match error {
        rusqlite_migration::Error::RusqliteError { err, .. } => err.into(),
        other => LastUsedError::Unavailable(other.to_string()),
    })
}
