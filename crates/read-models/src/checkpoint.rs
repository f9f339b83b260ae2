use keyledger_event_log::{Checkpoint, LogIdentity, Position};
use uuid::Uuid;

use crate::{
    ReadModelError,
    question::{Ask, Question},
    value::Row,
};

/// Of which log rows are, and up to which event of it.
pub(crate) type Identified = (LogIdentity, Checkpoint);

/// Asks for it. Both stores hold one row, and none before the first opening.
pub(crate) const CHECKPOINT: Question = Question {
    sqlite: "SELECT log, epoch, position, mac FROM checkpoint",
    postgres: "SELECT log, epoch, position, mac FROM checkpoint",
};

/// Of which log the rows are, and up to which event of it; none in a new store.
pub(crate) fn read(db: &mut impl Ask) -> Result<Option<Identified>, ReadModelError> {
    Ok(db.ask(CHECKPOINT, &[], of_row)?.pop())
}

/// What a row of [`CHECKPOINT`] says.
pub(crate) fn of_row(row: &Row) -> Result<Identified, ReadModelError> {
    let identity = LogIdentity { log: row.parsed(0, Uuid::try_parse)?, epoch: row.natural(1)? };
    let position = Position::new(row.natural(2)?);
    Ok((identity, Checkpoint { position, mac: row.bytes(3)?.to_vec() }))
}

/// The damage of a store without one.
pub(crate) fn missing() -> ReadModelError {
    ReadModelError::Damaged("it has no checkpoint".to_owned())
}
