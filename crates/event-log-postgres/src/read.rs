use keyledger_event_log::{Checkpoint, Position, RecordedEvent, Revision, StreamName};
use sqlx::{PgExecutor, Row as _, postgres::PgRow};
use uuid::Uuid;

/// The position of the last event.
pub(crate) async fn head(db: impl PgExecutor<'_>) -> sqlx::Result<Position> {
    let last: i64 = sqlx::query_scalar("SELECT coalesce(max(position), 0) FROM events").fetch_one(db).await?;
    Ok(Position::new(last.unsigned_abs()))
}

/// The last event, by its position and code.
pub(crate) async fn end(db: impl PgExecutor<'_>) -> sqlx::Result<Checkpoint> {
    let last: Option<(i64, Vec<u8>)> =
        sqlx::query_as("SELECT position, mac FROM events ORDER BY position DESC LIMIT 1")
            .fetch_optional(db)
            .await?;
    Ok(last.map_or_else(Checkpoint::start, |(position, mac)| Checkpoint {
        position: Position::new(position.unsigned_abs()),
        mac,
    }))
}

/// At most `limit` events after a position.
pub(crate) async fn after(
    db: impl PgExecutor<'_>,
    position: Position,
    limit: usize,
) -> sqlx::Result<Vec<RecordedEvent>> {
    let rows = sqlx::query(
        "SELECT position, id, stream, revision, public, private, mac FROM events WHERE position > $1
         ORDER BY position LIMIT $2",
    )
    .bind(integer(position.get()))
    .bind(integer(limit as u64))
    .fetch_all(db)
    .await?;
    rows.iter().map(event).collect()
}

/// The events of a stream from a revision on.
pub(crate) async fn stream(
    db: impl PgExecutor<'_>,
    stream: &StreamName,
    from: Revision,
) -> sqlx::Result<Vec<RecordedEvent>> {
    let rows = sqlx::query(
        "SELECT position, id, stream, revision, public, private, mac FROM events WHERE stream = $1 AND revision >= $2
         ORDER BY revision",
    )
    .bind(stream.as_str())
    .bind(integer(from.get()))
    .fetch_all(db)
    .await?;
    rows.iter().map(event).collect()
}

/// The event with this id.
pub(crate) async fn find(db: impl PgExecutor<'_>, id: Uuid) -> sqlx::Result<Option<RecordedEvent>> {
    let row =
        sqlx::query("SELECT position, id, stream, revision, public, private, mac FROM events WHERE id = $1")
            .bind(id)
            .fetch_optional(db)
            .await?;
    row.as_ref().map(event).transpose()
}

/// An event from its row.
pub(crate) fn event(row: &PgRow) -> sqlx::Result<RecordedEvent> {
    // The table allows no negative numbers.
    let number = |column| row.try_get::<i64, _>(column).map(i64::unsigned_abs);
    Ok(RecordedEvent {
        position: Position::new(number(0)?),
        id: row.try_get(1)?,
        stream: StreamName::new(row.try_get::<&str, _>(2)?),
        revision: Revision::new(number(3)?),
        public: row.try_get(4)?,
        private: row.try_get(5)?,
        mac: row.try_get(6)?,
    })
}

/// A number as PostgreSQL holds it. No position or revision comes near the end of its range; one that a caller made up
/// lies behind every real one either way.
pub(crate) fn integer(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
