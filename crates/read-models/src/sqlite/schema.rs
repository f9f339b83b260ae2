use std::path::Path;

use rusqlite::{Connection, ErrorCode};
use rusqlite_migration::{M, Migrations};

use super::open::{shown, unusable};
use crate::OpenError;

/// One migration for each schema version, in order; a released one is never edited.
const MIGRATIONS: &[M<'_>] =
    &[M::up(include_str!("../../../../migrations/sqlite/read-models/0001_partner_keys.sql"))];

/// The schema version that this build reads and writes.
const KNOWN: usize = MIGRATIONS.len();

/// "klrm", as the first migration writes it.
const APPLICATION_ID: i64 = 1_802_269_293;

/// What a file is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Found {
    /// A database without any table: nobody's yet.
    Nothing,
    /// A read model of an earlier build.
    Earlier,
    /// A read model of this build.
    Ours,
}

/// Looks at what a file is; refuses what is not a read model, and one of a later build.
pub(crate) fn check(db: &Connection, path: &Path) -> Result<Found, OpenError> {
    match look(db) {
        Ok((0, 0, 0)) => Ok(Found::Nothing),
        Ok((APPLICATION_ID, found, _)) => match usize::try_from(found) {
            Ok(version) if version == KNOWN => Ok(Found::Ours),
            Ok(version) if version < KNOWN => Ok(Found::Earlier),
            _ => Err(OpenError::Newer { place: shown(path), found, known: KNOWN }),
        },
        Ok(_) => Err(OpenError::NotAReadModel { place: shown(path) }),
        Err(error) if error.sqlite_error_code() == Some(ErrorCode::NotADatabase) => {
            Err(OpenError::NotAReadModel { place: shown(path) })
        }
        Err(error) => Err(unusable(path, error)),
    }
}

/// The file's application id, schema version and number of tables.
pub(crate) fn look(db: &Connection) -> rusqlite::Result<(i64, i64, i64)> {
    let pragma = |name| db.pragma_query_value(None, name, |row| row.get(0));
    let tables = db.query_one("SELECT count(*) FROM sqlite_schema", (), |row| row.get(0))?;
    Ok((pragma("application_id")?, pragma("user_version")?, tables))
}

/// Brings the schema to this build's version.
pub(crate) fn migrate(db: &mut Connection) -> rusqlite_migration::Result<()> {
    Migrations::from_slice(MIGRATIONS).to_latest(db)
}
