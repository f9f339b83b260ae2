use keyledger_event_log::{Checkpoint, LogIdentity, Position};
use rusqlite::{Connection, OptionalExtension, Result, types::Type};
use uuid::Uuid;

use crate::row;

/// Of which log the rows are, and up to which event of it; none in a new file.
pub(crate) fn read(db: &Connection) -> Result<Option<(LogIdentity, Checkpoint)>> {
    let mut statement = db.prepare_cached("SELECT log, epoch, position, mac FROM checkpoint")?;
    statement
        .query_row((), |row| {
            let log = Uuid::try_parse(row.get_ref(0)?.as_str()?)
                .map_err(|error| rusqlite::Error::FromSqlConversionFailure(0, Type::Text, error.into()))?;
            let identity = LogIdentity { log, epoch: row.get(1)? };
            let position = Position::new(row::natural(row, 2)?);
            Ok((identity, Checkpoint { position, mac: row.get(3)? }))
        })
        .optional()
}

/// Writes down, once, of which log the rows will be.
pub(crate) fn begin(db: &Connection, identity: LogIdentity) -> Result<()> {
    let row = (identity.log.to_string(), identity.epoch);
    db.execute("INSERT INTO checkpoint (log, epoch, position, mac) VALUES (?1, ?2, 0, x'')", row).map(|_| ())
}

/// Moves the checkpoint. False where it was not where the caller left it: somebody else writes to the file.
pub(crate) fn advance(db: &Connection, from: &Checkpoint, to: &Checkpoint) -> Result<bool> {
    let mut statement =
        db.prepare_cached("UPDATE checkpoint SET position = ?1, mac = ?2 WHERE position = ?3 AND mac = ?4")?;
    let moved = statement.execute((
        row::integer(to.position.get()),
        &to.mac,
        row::integer(from.position.get()),
        &from.mac,
    ))?;
    Ok(moved == 1)
}
