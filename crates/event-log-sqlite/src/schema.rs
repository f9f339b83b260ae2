use std::path::Path;

use keyledger_event_log::LogIdentity;
use rusqlite::{Connection, ErrorCode, types::Type};
use rusqlite_migration::{M, Migrations};
use uuid::Uuid;

use crate::OpenError;

/// One migration for each schema version, in order; a released one is never edited.
const MIGRATIONS: &[M<'_>] = &[M::up(include_str!("../../../migrations/sqlite/log/0001_events.sql"))];

/// The schema version that this build reads and writes.
const KNOWN: usize = MIGRATIONS.len();

/// "klog", as the first migration writes it.
const APPLICATION_ID: i64 = 1_802_268_519;

/// Refuses a file that is not a log, and one of a later build.
pub(crate) fn check(db: &Connection, path: &Path) -> Result<(), OpenError> {
    let pragma = |name| db.pragma_query_value(None, name, |row| row.get::<_, i64>(0));
    let application = match pragma("application_id") {
        Err(error) if error.sqlite_error_code() == Some(ErrorCode::NotADatabase) => 0,
        other => other.map_err(|error| OpenError::unusable(path, error))?,
    };
    if application != APPLICATION_ID {
        return Err(OpenError::NotALog { path: path.to_owned() });
    }
    let found = pragma("user_version").map_err(|error| OpenError::unusable(path, error))?;
    if usize::try_from(found).is_ok_and(|found| found <= KNOWN) {
        return Ok(());
    }
    Err(OpenError::Newer { path: path.to_owned(), found, known: KNOWN })
}

/// Brings the schema to this build's version.
pub(crate) fn migrate(db: &mut Connection) -> rusqlite_migration::Result<()> {
    Migrations::from_slice(MIGRATIONS).to_latest(db)
}

/// Writes down, once, which log this is.
pub(crate) fn set_identity(db: &Connection, identity: LogIdentity) -> rusqlite::Result<()> {
    let row = (identity.log.to_string(), identity.epoch);
    db.execute("INSERT INTO identity (log, epoch) VALUES (?1, ?2)", row).map(|_| ())
}

/// Which log this is; none where it is a copy that was not finished.
pub(crate) fn identity(db: &Connection) -> rusqlite::Result<Option<LogIdentity>> {
    let found = db.query_one("SELECT log, epoch FROM identity", (), |row| {
        let log = Uuid::try_parse(row.get_ref(0)?.as_str()?)
            .map_err(|error| rusqlite::Error::FromSqlConversionFailure(0, Type::Text, error.into()))?;
        Ok(LogIdentity { log, epoch: row.get(1)? })
    });
    match found {
        Err(rusqlite::Error::QueryReturnedNoRows) => Ok(None),
        found => found.map(Some),
    }
}
