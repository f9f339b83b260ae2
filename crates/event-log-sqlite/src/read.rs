use keyledger_event_log::{Checkpoint, Position, RecordedEvent, Revision, StreamName};
use rusqlite::{CachedStatement, Connection, Error, OptionalExtension, Params, Result, Row, types::Type};
use uuid::Uuid;

/// The most bytes of events that one read holds in memory at once; one event is given whatever its size.
const MAX_BYTES: usize = 4 * 1024 * 1024;

/// The position of the last event.
pub(crate) fn head(db: &Connection) -> Result<Position> {
    db.prepare_cached("SELECT ifnull(max(position), 0) FROM events")?.query_row((), |row| position(row, 0))
}

/// The last event, by its position and code.
pub(crate) fn end(db: &Connection) -> Result<Checkpoint> {
    let last = db
        .prepare_cached("SELECT position, mac FROM events ORDER BY position DESC LIMIT 1")?
        .query_row((), |row| {
            Ok(Checkpoint { position: position(row, 0)?, mac: row.get_ref(1)?.as_blob()?.to_vec() })
        })
        .optional()?;
    Ok(last.unwrap_or_default())
}

/// The events after a position: at most `limit`, and fewer where they are large.
pub(crate) fn after(db: &Connection, position: Position, limit: usize) -> Result<Vec<RecordedEvent>> {
    let statement = db.prepare_cached(
        "SELECT position, id, stream, revision, public, private, mac FROM events WHERE position > ?1
         ORDER BY position LIMIT ?2",
    )?;
    events(statement, (integer(position.get()), integer(limit as u64)), MAX_BYTES)
}

/// The events of a stream from a revision on.
pub(crate) fn stream(db: &Connection, stream: &StreamName, from: Revision) -> Result<Vec<RecordedEvent>> {
    let statement = db.prepare_cached(
        "SELECT position, id, stream, revision, public, private, mac FROM events WHERE stream = ?1 AND revision >= ?2
         ORDER BY revision",
    )?;
    events(statement, (stream.as_str(), integer(from.get())), usize::MAX)
}

/// The event with this id.
pub(crate) fn find(db: &Connection, id: Uuid) -> Result<Option<RecordedEvent>> {
    let mut text = [0; uuid::fmt::Hyphenated::LENGTH];
    db.prepare_cached(
        "SELECT position, id, stream, revision, public, private, mac FROM events WHERE id = ?1",
    )?
    .query_row([id.hyphenated().encode_lower(&mut text) as &str], event)
    .optional()
}

fn events(
    mut statement: CachedStatement<'_>,
    params: impl Params,
    max_bytes: usize,
) -> Result<Vec<RecordedEvent>> {
    let mut rows = statement.query(params)?;
    let (mut events, mut bytes) = (Vec::new(), 0);
    while let Some(row) = rows.next()? {
        let event = event(row)?;
        bytes += event.public.len() + event.private.len() + event.mac.len();
        events.push(event);
        if bytes >= max_bytes {
            break;
        }
    }
    Ok(events)
}

fn event(row: &Row<'_>) -> Result<RecordedEvent> {
    Ok(RecordedEvent {
        position: position(row, 0)?,
        id: Uuid::try_parse(row.get_ref(1)?.as_str()?)
            .map_err(|error| Error::FromSqlConversionFailure(1, Type::Text, error.into()))?,
        stream: StreamName::new(row.get_ref(2)?.as_str()?),
        revision: revision(row, 3)?,
        public: row.get_ref(4)?.as_blob()?.to_vec(),
        private: row.get_ref(5)?.as_blob()?.to_vec(),
        mac: row.get_ref(6)?.as_blob()?.to_vec(),
    })
}

fn position(row: &Row<'_>, column: usize) -> Result<Position> {
    natural(row, column).map(Position::new)
}

/// The revision in a column.
pub(crate) fn revision(row: &Row<'_>, column: usize) -> Result<Revision> {
    natural(row, column).map(Revision::new)
}

fn natural(row: &Row<'_>, column: usize) -> Result<u64> {
    let number: i64 = row.get(column)?;
    u64::try_from(number).map_err(|_| Error::IntegralValueOutOfRange(column, number))
}

/// A number as SQLite holds it. No position or revision comes near the end of its range; one that a caller made up
/// lies behind every real one either way.
pub(crate) fn integer(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
