use std::{path::Path, time::Duration};

use rusqlite::{Connection, OpenFlags, Result, config::DbConfig};

/// How long a connection waits for another process before it gives up.
const PATIENCE: Duration = Duration::from_secs(5);

/// How much of the database the writer keeps in memory, in KiB below zero as SQLite wants it: its indexes are touched
/// everywhere by random prefixes.
const WRITER_CACHE: i64 = -32 * 1024;

/// The one connection that writes. Neither the file nor its settings are touched yet: it may be somebody else's.
pub(crate) fn to_write(path: &Path) -> Result<Connection> {
    open(path, OpenFlags::SQLITE_OPEN_READ_WRITE)
}

/// A connection that cannot write.
pub(crate) fn to_read(path: &Path) -> Result<Connection> {
    open(path, OpenFlags::SQLITE_OPEN_READ_ONLY)
}

fn open(path: &Path, mode: OpenFlags) -> Result<Connection> {
    // Each connection is used by one thread at a time, which Rust proves; SQLite need not lock it as well.
    let db = Connection::open_with_flags(path, mode | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    db.busy_timeout(PATIENCE)?;
    // The log has neither triggers nor views: whoever plants one in the file must not see it run.
    db.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_TRIGGER, false)?;
    db.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_VIEW, false)?;
    Ok(db)
}

/// Sets the writer's connection to a checked log up, so that every commit is durable before it returns. The answer is
/// the first setting that did not take, as (setting, value wanted, value found).
pub(crate) fn set_up_writer(db: &Connection) -> Result<Option<(&'static str, &'static str, String)>> {
    let journal: String = db.pragma_update_and_check(None, "journal_mode", "WAL", |row| row.get(0))?;
    if journal != "wal" {
        return Ok(Some(("journal_mode", "wal", journal)));
    }
    db.pragma_update(None, "synchronous", "FULL")?;
    let synchronous: i64 = db.pragma_query_value(None, "synchronous", |row| row.get(0))?;
    if synchronous != 2 {
        return Ok(Some(("synchronous", "2", synchronous.to_string())));
    }
    // macOS: without it fsync ends in the disk's own cache. Elsewhere it does nothing.
    db.pragma_update(None, "fullfsync", "ON")?;
    db.pragma_update(None, "checkpoint_fullfsync", "ON")?;
    db.pragma_update(None, "cache_size", WRITER_CACHE)?;
    // SQLite swallows the errors of the checkpoints that it starts by itself, also of a failed fsync; the writer
    // starts its own and looks at them.
    db.pragma_update_and_check(None, "wal_autocheckpoint", 0, |_| Ok(()))?;
    db.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
    Ok(None)
}
