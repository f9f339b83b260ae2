use keyledger_event_log::{Append, Checkpoint, Outcome, Position};
use sqlx::{AssertSqlSafe, PgConnection, Row as _};

use crate::{
    append::{Known, Rows},
    fault::Fault,
    read,
    watcher::CHANNEL,
};

/// A group that was committed.
pub(crate) struct Committed {
    /// What became of each append, in their order; acknowledged ones are durable.
    pub(crate) outcomes: Vec<Outcome>,
    /// The last event of the log then, whoever wrote it.
    pub(crate) end: Checkpoint,
    /// How many events the group added.
    pub(crate) events: usize,
}

/// A group of which nothing was acknowledged.
pub(crate) struct Aborted {
    pub(crate) fault: Fault,
    /// Whether the events may be found in the log later all the same.
    pub(crate) outcome_unknown: bool,
}

/// Judges appends one after the other in one transaction and makes those that stand durable by one commit. `known` is
/// the last event that this process saw committed: a log that does not hold it is not the one it wrote to, and nothing
/// is recorded.
///
/// After [`Aborted`] the connection may stand in the middle of the transaction, and is to be let go.
pub(crate) async fn commit(
    db: &mut PgConnection,
    known: &Checkpoint,
    appends: &[&Append],
) -> Result<Committed, Aborted> {
    let nothing_recorded = |fault: Fault| Aborted { fault, outcome_unknown: false };
    let mut rows = Rows::default();
    let (outcomes, end) = judge(db, known, appends, &mut rows).await.map_err(nothing_recorded)?;
    let Some((position, _, last)) = rows.events.last() else {
        sqlx::raw_sql("ROLLBACK").execute(db).await.map_err(|error| nothing_recorded(error.into()))?;
        return Ok(Committed { outcomes, end, events: 0 });
    };
    rows.write(db).await.map_err(|error| nothing_recorded(error.into()))?;
    // In one message. The position is a number, and the channel a word of ours.
    let commit = format!("UPDATE head SET position = {position}; NOTIFY {CHANNEL}, '{position}'; COMMIT");
    match sqlx::raw_sql(AssertSqlSafe(commit)).execute(db).await.map_err(Fault::from) {
        Ok(_) => {
            let end = Checkpoint { position: *position, mac: last.mac.clone() };
            Ok(Committed { outcomes, end, events: rows.events.len() })
        }
        Err(fault) => Err(Aborted { outcome_unknown: !fault.leaves_nothing(), fault }),
    }
}

/// Writes the first events of a log that holds none, in the transaction that makes it a log.
pub(crate) async fn begin(db: &mut PgConnection, appends: &[Append]) -> Result<(), Fault> {
    let (mut log, mut rows, mut end) = (Known::default(), Rows::default(), Position::START);
    for append in appends {
        append.check().and_then(|()| log.judge(append, &mut end, &mut rows)).map_err(Fault::Refused)?;
    }
    let moved = sqlx::query("UPDATE head SET position = $1 WHERE position = 0")
        .bind(read::integer(end.get()))
        .execute(&mut *db)
        .await?;
    if moved.rows_affected() != 1 {
        return Err(Fault::Changed);
    }
    Ok(rows.write(db).await?)
}

/// Begins the transaction, takes the lock, and judges.
async fn judge<'a>(
    db: &mut PgConnection,
    known: &Checkpoint,
    appends: &[&'a Append],
    rows: &mut Rows<'a>,
) -> Result<(Vec<Outcome>, Checkpoint), Fault> {
    // What is asked after the lock was given must see what its last holder committed.
    let begin = "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE; SELECT position FROM head FOR UPDATE";
    let locked = sqlx::raw_sql(begin).fetch_all(&mut *db).await?;
    let [row] = locked.as_slice() else { return Err(Fault::Changed) };
    let head = Position::new(row.try_get::<i64, _>(0)?.unsigned_abs());
    let end = end(db, head, known).await?;
    let mut position = end.position;
    let mut log = Known::of(db, appends).await?;
    let outcomes = appends.iter().map(|append| log.judge(append, &mut position, rows)).collect();
    Ok((outcomes, end))
}

/// The last event, where the head says that it is, in a log that still holds what was `known`.
async fn end(db: &mut PgConnection, head: Position, known: &Checkpoint) -> Result<Checkpoint, Fault> {
    let positions = [read::integer(known.position.get()), read::integer(head.get())];
    let found: Vec<(i64, Vec<u8>)> =
        // Apart, and the second with a limit: where a planner knows nothing of the table yet, it takes a third of it to lie
        // behind the head, and would read all of it.
        sqlx::query_as(
            "SELECT position, mac FROM events WHERE position = ANY($1)
             UNION ALL (SELECT position, mac FROM events WHERE position > $2 ORDER BY position LIMIT 1)",
        )
        .bind(positions.as_slice())
        .bind(positions[1])
        .fetch_all(db)
        .await?;
    let at = |position: Position| {
        let found = found.iter().find(|(found, _)| *found == read::integer(position.get()));
        match found {
            Some((_, mac)) => Some(Checkpoint { position, mac: mac.clone() }),
            None => (position == Position::START).then(Checkpoint::start),
        }
    };
    let nothing_after = found.iter().all(|(position, _)| *position <= positions[1]);
    match (at(known.position), at(head)) {
        (Some(still), Some(end)) if still == *known && nothing_after && known.position <= head => Ok(end),
        _ => Err(Fault::Changed),
    }
}
