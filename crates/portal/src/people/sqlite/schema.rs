use std::path::Path;

use rusqlite::{Connection, ErrorCode};
use rusqlite_migration::{M, Migrations};

use super::open::unusable;
use crate::people::OpenError;

/// One migration for each schema version, in order; a released one is never edited.
const MIGRATIONS: &[M<'_>] = &[
    M::up(include_str!("../../../../../migrations/sqlite/portal/0001_people.sql")),
    M::up(include_str!("../../../../../migrations/sqlite/portal/0002_names.sql")),
];

/// The schema version that this build reads and writes.
const KNOWN: usize = MIGRATIONS.len();

/// "klpp", as the first migration writes it.
const APPLICATION_ID: i64 = 1_802_268_784;

/// Refuses what is not a file of people, and one of a later build.
pub(super) fn check(db: &Connection, path: &Path) -> Result<(), OpenError> {
    match look(db) {
        Ok((0, 0, 0)) => Ok(()),
        Ok((APPLICATION_ID, found, _)) => match usize::try_from(found) {
            Ok(version) if version <= KNOWN => Ok(()),
            _ => Err(OpenError::Newer { place: path.display().to_string(), found, known: KNOWN }),
        },
        Ok(_) => Err(OpenError::NotOurs { place: path.display().to_string() }),
        Err(error) if error.sqlite_error_code() == Some(ErrorCode::NotADatabase) => {
            Err(OpenError::NotOurs { place: path.display().to_string() })
        }
        Err(error) => Err(unusable(path, error)),
    }
}

/// The file's application id, schema version and number of tables.
fn look(db: &Connection) -> rusqlite::Result<(i64, i64, i64)> {
    let pragma = |name| db.pragma_query_value(None, name, |row| row.get(0));
    let tables = db.query_one("SELECT count(*) FROM sqlite_schema", (), |row| row.get(0))?;
    Ok((pragma("application_id")?, pragma("user_version")?, tables))
}

/// Brings the schema to this build's version.
pub(super) fn migrate(db: &mut Connection) -> rusqlite_migration::Result<()> {
    Migrations::from_slice(MIGRATIONS).to_latest(db)
}
