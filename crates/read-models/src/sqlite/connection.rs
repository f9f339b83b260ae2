use std::{path::Path, time::Duration};

use rusqlite::{Connection, OpenFlags, Result, config::DbConfig};

/// How long a connection waits for another one before it gives up.
const PATIENCE: Duration = Duration::from_secs(5);

/// More than the statements there are, so that each is prepared once.
const STATEMENTS: usize = 32;

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
    db.set_prepared_statement_cache_capacity(STATEMENTS);
    // There are neither triggers nor views: whoever plants one in the file must not see it run.
    db.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_TRIGGER, false)?;
    db.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_VIEW, false)?;
    Ok(db)
}

/// Lets readers go on while this connection writes, and spares the commits their wait for the disk: a power cut takes
/// the last transactions away, whole and from the end. What must be durable is the log alone.
pub(crate) fn let_others_read(db: &Connection) -> Result<()> {
    db.pragma_update_and_check(None, "journal_mode", "WAL", |_| Ok(()))?;
    db.pragma_update(None, "synchronous", "NORMAL")
}

/// For the rows that are made from the log: what a power cut takes away, the projector reads from there again.
pub(crate) fn make_fast(db: &Connection) -> Result<()> {
    let_others_read(db)?;
    // Key ids and prefixes fall anywhere in their indexes: a rebuild lives on the pages it finds in memory. In KiB.
    db.pragma_update(None, "cache_size", -65_536)?;
    // Copying the write-ahead log into the file does wait for the disk, so it is done seldom: every 16 MiB, in pages.
    db.pragma_update_and_check(None, "wal_autocheckpoint", 4_096, |_| Ok(()))
}
